/*
 * What the start menu starts: the console in the browser, and the troubleshooter. Only administrators can create the console's one-time link, but the
 * browser should not run as one: this program starts itself elevated, and the elevated one sends the link back over a pipe.
 */
#include "host.h"
#include <ntsecapi.h>
#include <shellapi.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define LINK_TIMEOUT_MS 60000
#define LINK_BYTES 1024
#define PIPE_ID_CHARS 32
#define PIPE_PREFIX L"\\\\.\\pipe\\landbridge-console-"

static int show(const wchar_t *text) {
  MessageBoxW(NULL, text, DISPLAY_NAME, MB_OK | MB_ICONERROR);
  return 1;
}

static BOOL isElevated(void) {
  HANDLE token;
  TOKEN_ELEVATION elevation = {0};
  DWORD size;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return FALSE;
  const BOOL isKnown = GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size);
  CloseHandle(token);
  return isKnown && elevation.TokenIsElevated;
}

/* Only a page on this machine: nothing else may be opened, whatever the sender says. */
static BOOL openLink(const char *text) {
  wchar_t link[LINK_BYTES];
  const char *start = strstr(text, "http://127.0.0.1:");
  size_t length = 0;
  if (start == NULL) return FALSE;
  for (; start[length] > ' ' && start[length] < 127 && start[length] != '"' && length + 1 < LINK_BYTES; length++) link[length] = (wchar_t)start[length];
  link[length] = 0;
  return (INT_PTR)ShellExecuteW(NULL, L"open", link, NULL, NULL, SW_SHOWNORMAL) > 32;
}

static BOOL commandForHome(wchar_t node[PATH_CHARS], CommandLine *line, const wchar_t *command) {
  wchar_t folder[PATH_CHARS], home[PATH_CHARS];
  if (!programFolder(NULL, folder) || !connectorCommand(folder, node, line) || !defaultHome(home)) return FALSE;
  addArgument(line, command);
  addArgument(line, L"--home");
  addArgument(line, home);
  SetEnvironmentVariableW(L"NODE_OPTIONS", NULL);
  return TRUE;
}

static BOOL createLink(ProgramResult *result) {
  static CommandLine line;
  wchar_t node[PATH_CHARS];
  if (!commandForHome(node, &line, L"console")) return FALSE;
  addArgument(&line, L"link");
  return runProgram(node, &line, "", LINK_TIMEOUT_MS, result) == 0 && result->exitCode == 0;
}

/* The elevated side. It only writes, and the other side cannot act in its name. */
int sendConsoleLink(const wchar_t *pipeId) {
  static ProgramResult result;
  wchar_t name[128];
  if (wcslen(pipeId) != PIPE_ID_CHARS || wcsspn(pipeId, L"0123456789abcdef") != PIPE_ID_CHARS) return 2;
  swprintf(name, 128, PIPE_PREFIX L"%ls", pipeId);
  HANDLE pipe = CreateFileW(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
  if (pipe == INVALID_HANDLE_VALUE) return fail(L"Cannot send the link", GetLastError());
  DWORD written;
  const BOOL isCreated = createLink(&result);
  if (isCreated) WriteFile(pipe, result.output, (DWORD)strlen(result.output), &written, NULL);
  CloseHandle(pipe);
  return isCreated ? 0 : 1;
}

static int openFromElevated(void) {
  BYTE random[PIPE_ID_CHARS / 2];
  wchar_t name[128] = PIPE_PREFIX, program[PATH_CHARS], arguments[128] = L"console-link ";
  char link[LINK_BYTES] = "";
  DWORD length = 0, read;
  if (!RtlGenRandom(random, sizeof random) || GetModuleFileNameW(NULL, program, PATH_CHARS) >= PATH_CHARS) return show(L"The console cannot be opened.");
  for (size_t i = 0; i < sizeof random; i++) {
    wchar_t digits[3];
    swprintf(digits, 3, L"%02x", random[i]);
    wcscat(name, digits);
    wcscat(arguments, digits);
  }
  /* Only an elevated process may connect, once, and not over the network. */
  SECURITY_ATTRIBUTES access = {sizeof access, NULL, FALSE};
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(L"D:P(A;;GRGW;;;BA)", SDDL_REVISION_1, &access.lpSecurityDescriptor, NULL)) return show(L"The console cannot be opened.");
  HANDLE pipe = CreateNamedPipeW(name, PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, 0, LINK_BYTES, 0, &access);
  LocalFree(access.lpSecurityDescriptor);
  if (pipe == INVALID_HANDLE_VALUE) return show(L"The console cannot be opened.");
  SHELLEXECUTEINFOW run = {.cbSize = sizeof run, .fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC, .lpVerb = L"runas", .lpFile = program, .lpParameters = arguments, .nShow = SW_HIDE};
  /* The user can decline. */
  if (!ShellExecuteExW(&run) || run.hProcess == NULL) return 1;
  WaitForSingleObject(run.hProcess, LINK_TIMEOUT_MS);
  CloseHandle(run.hProcess);
  while (length + 1 < LINK_BYTES && ReadFile(pipe, link + length, LINK_BYTES - 1 - length, &read, NULL) && read > 0) length += read;
  link[length] = 0;
  CloseHandle(pipe);
  return openLink(link) ? 0 : show(L"The console cannot be opened. The log in the Windows event viewer (Application) says whether the connector runs.");
}

int openConsole(void) {
  static ProgramResult result;
  if (!isElevated()) return openFromElevated();
  return createLink(&result) && openLink(result.output) ? 0 : show(L"The link for the console cannot be created. \"landbridge-connector console link\" says why.");
}

static int runInWindow(void) {
  static CommandLine line;
  wchar_t node[PATH_CHARS];
  STARTUPINFOW start = {.cb = sizeof start};
  PROCESS_INFORMATION process;
  DWORD exitCode = 1;
  if (!commandForHome(node, &line, L"troubleshoot")) return fail(L"Cannot find the program", GetLastError());
  if (!CreateProcessW(node, line.chars, NULL, NULL, FALSE, 0, NULL, NULL, &start, &process)) return fail(L"Cannot start bin\\node.exe", GetLastError());
  WaitForSingleObject(process.hProcess, INFINITE);
  GetExitCodeProcess(process.hProcess, &exitCode);
  return (int)exitCode;
}

int troubleshoot(BOOL isOwnWindow) {
  wchar_t program[PATH_CHARS];
  if (isElevated()) {
    const int exitCode = runInWindow();
    if (isOwnWindow) {
      puts("\nPress Enter to close this window.");
      getchar();
    }
    return exitCode;
  }
  if (isOwnWindow || GetModuleFileNameW(NULL, program, PATH_CHARS) >= PATH_CHARS) return fail(L"Cannot run as administrator", ERROR_ACCESS_DENIED);
  SHELLEXECUTEINFOW run = {.cbSize = sizeof run, .fMask = SEE_MASK_NOASYNC, .lpVerb = L"runas", .lpFile = program, .lpParameters = L"troubleshoot window", .nShow = SW_SHOWNORMAL};
  return ShellExecuteExW(&run) ? 0 : 1;
}
