/* What the parts of the Windows service host share. Compiled for Windows 10, Windows Server 2016 and later. */
#ifndef LANDBRIDGE_HOST_H
#define LANDBRIDGE_HOST_H
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define SERVICE_NAME L"LandbridgeConnector"
#define DISPLAY_NAME L"Landbridge Connector"
#define SERVICE_ACCOUNT L"NT SERVICE\\" SERVICE_NAME
/* Windows derives it from the name of the service: the SHA-1 hash of the name in upper case. */
#define SERVICE_SID L"S-1-5-80-875947860-4031944253-4107178570-520465013-2843819180"

/* Windows accepts command lines of up to 32,767 characters. */
#define COMMAND_CHARS 32767
#define PATH_CHARS 4096

/* A command line that is built argument by argument. */
typedef struct {
  wchar_t chars[COMMAND_CHARS];
  size_t length;
  BOOL isTooLong;
} CommandLine;

/* Quotes the argument as CommandLineToArgvW and the C runtime read it. */
void addArgument(CommandLine *line, const wchar_t *argument);

/* The folder of this module, without a backslash at the end. FALSE if it is longer than PATH_CHARS. */
BOOL programFolder(HMODULE module, wchar_t folder[PATH_CHARS]);
BOOL joinPath(wchar_t path[PATH_CHARS], const wchar_t *folder, const wchar_t *name);
/* %ProgramData%\Landbridge\Connector, from Windows and not from the environment. */
BOOL defaultHome(wchar_t home[PATH_CHARS]);

/* node.exe with the connector: path of node.exe, and the first arguments of its command line. */
BOOL connectorCommand(const wchar_t *folder, wchar_t node[PATH_CHARS], CommandLine *line);

/* How a program ended, and the beginning of what it printed. */
typedef struct {
  DWORD exitCode;
  char output[8192];
} ProgramResult;

/* Runs a program until it ends or the time is over, with this text as standard input. Returns 0 or an error of Windows. */
DWORD runProgram(const wchar_t *program, CommandLine *line, const char *input, DWORD timeoutMs, ProgramResult *result);

/* A job that ends its processes when the last handle to it closes, and so when this process ends in any way. */
HANDLE createKillOnCloseJob(void);
/* Starts a program in a job, in its own folder and without a window. It inherits only the three handles. Returns 0 or an error of Windows. */
DWORD startInJob(HANDLE job, const wchar_t *program, CommandLine *line, const HANDLE standard[3], PROCESS_INFORMATION *process);

/* The commands of the host; each prints what fails and returns an exit code. */
int runService(const wchar_t *home);
int installService(const wchar_t *home);
int configureService(const wchar_t *home);
int removeService(void);
int startInstalledService(void);
int printStatus(void);
int openConsole(void);
int sendConsoleLink(const wchar_t *pipeId);
/* Elevates itself first, and then waits for a key before its window closes. */
int troubleshoot(BOOL isOwnWindow);

/* Prints to standard error: what failed, and the text of Windows for the error. Returns 1. */
int fail(const wchar_t *what, DWORD error);

/* Creates the folder or takes it over, so that only the system, administrators and the service can change it. 0 or an exit code. */
int secureHome(const wchar_t *home);
/* Refuses a folder that other accounts can change: they could replace the program. 0 or an exit code. */
int requireTrustedFolder(const wchar_t *folder);
#endif
