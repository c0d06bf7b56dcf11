/*
 * The actions of the MSI that Windows Installer has no tables for. Answers such as the ticket come as properties. They reach `setup` as its
 * standard input: not on a command line, not in a file, not in the environment, not in the log of the installer.
 */
#include "host.h"
#include "answers.h"
#include <msi.h>
#include <msiquery.h>
#include <stdio.h>
#include <wchar.h>

#define DATA_CHARS 32768
#define SETUP_TIMEOUT_MS 120000
#define CONFIGURE_TIMEOUT_MS 60000
#define PROGRAM_END_TIMEOUT_MS 10000

static const wchar_t *const ANSWERS[] = {ANSWER_NAMES};
#define ANSWER_COUNT (sizeof ANSWERS / sizeof *ANSWERS)

static HMODULE module;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved) {
  (void)reserved;
  if (reason == DLL_PROCESS_ATTACH) module = instance;
  return TRUE;
}

/* Of what a program printed in UTF-8, to the log of the installer, or also to the user. */
static void tell(MSIHANDLE install, INSTALLMESSAGE type, const char *text) {
  static wchar_t wide[8192];
  if (MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, 8192) == 0) return;
  const MSIHANDLE record = MsiCreateRecord(1);
  /* The text is a field and not the template, in which brackets have a meaning. */
  MsiRecordSetStringW(record, 0, L"[1]");
  MsiRecordSetStringW(record, 1, wide);
  MsiProcessMessage(install, type, record);
  MsiCloseHandle(record);
}

static UINT failWith(MSIHANDLE install, const char *what, DWORD error, const char *output) {
  static char text[9000];
  if (error != 0) snprintf(text, sizeof text, "%s (error %lu of Windows). %s", what, error, output);
  else snprintf(text, sizeof text, "%s\n%s", what, output);
  tell(install, INSTALLMESSAGE_ERROR, text);
  return ERROR_INSTALL_FAILURE;
}

static BOOL readProperty(MSIHANDLE install, const wchar_t *name, wchar_t *value, DWORD size) {
  return MsiGetPropertyW(install, name, value, &size) == ERROR_SUCCESS;
}

/* Immediate: hands the folder and the answers to the actions that run as the system. Each finds them in the property with its own name. */
__declspec(dllexport) UINT WINAPI CollectAnswers(MSIHANDLE install) {
  static wchar_t data[DATA_CHARS], value[DATA_CHARS];
  size_t length;
  BOOL isAnswered = FALSE;
  if (!readProperty(install, L"ProgramFolder", data, PATH_CHARS)) return failWith(install, "The program folder is unknown.", 0, "");
  length = wcslen(data);
  while (length > 0 && data[length - 1] == L'\\') data[--length] = 0;
  MsiSetPropertyW(install, L"AwaitProgramEnd", data);
  MsiSetPropertyW(install, L"ConfigureService", data);
  for (size_t i = 0; i < ANSWER_COUNT; i++) {
    if (!readProperty(install, ANSWERS[i], value, DATA_CHARS)) return failWith(install, "An answer is too long.", 0, "");
    if (value[0] == 0) continue;
    /* A line per answer. */
    if (wcspbrk(value, L"\r\n") != NULL) return failWith(install, "An answer has more than one line.", 0, "");
    const int added = swprintf(data + length, DATA_CHARS - length, L"\n%ls=%ls", ANSWERS[i], value);
    if (added < 0) return failWith(install, "The answers are too long.", 0, "");
    length += (size_t)added;
    isAnswered = TRUE;
  }
  MsiSetPropertyW(install, L"ApplyAnswers", isAnswered ? data : L"");
  SecureZeroMemory(data, sizeof data);
  SecureZeroMemory(value, sizeof value);
  return ERROR_SUCCESS;
}

static wchar_t *takeLine(wchar_t **rest) {
  wchar_t *line = *rest, *end = wcschr(line, L'\n');
  if (end != NULL) *end = 0;
  *rest = end == NULL ? NULL : end + 1;
  return line;
}

static UINT run(MSIHANDLE install, const wchar_t *program, CommandLine *line, const char *input, DWORD timeoutMs, const char *what) {
  static ProgramResult result;
  SetEnvironmentVariableW(L"NODE_OPTIONS", NULL);
  const DWORD error = runProgram(program, line, input, timeoutMs, &result);
  if (error != 0 || result.exitCode != 0) return failWith(install, what, error, result.output);
  tell(install, INSTALLMESSAGE_INFO, result.output);
  return ERROR_SUCCESS;
}

/* Whether no process runs this program. A missing file is free, too. */
static BOOL isFree(const wchar_t *folder, const wchar_t *name) {
  wchar_t path[PATH_CHARS];
  if (!joinPath(path, folder, name)) return TRUE;
  HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return GetLastError() != ERROR_SHARING_VIOLATION && GetLastError() != ERROR_ACCESS_DENIED;
  CloseHandle(file);
  return TRUE;
}

/* Deferred, as the system, after the service has stopped: its processes end a moment later, and until then Windows would want a restart to replace them. */
__declspec(dllexport) UINT WINAPI AwaitProgramEnd(MSIHANDLE install) {
  static wchar_t folder[DATA_CHARS];
  const ULONGLONG deadline = GetTickCount64() + PROGRAM_END_TIMEOUT_MS;
  if (!readProperty(install, L"CustomActionData", folder, DATA_CHARS)) return ERROR_SUCCESS;
  while (!(isFree(folder, L"landbridge-connector-service.exe") && isFree(folder, L"bin\\node.exe")) && GetTickCount64() < deadline) Sleep(100);
  return ERROR_SUCCESS;
}

/* Deferred, as the system, before the service starts. */
__declspec(dllexport) UINT WINAPI ConfigureService(MSIHANDLE install) {
  static CommandLine line;
  static wchar_t folder[DATA_CHARS];
  wchar_t program[PATH_CHARS];
  if (!readProperty(install, L"CustomActionData", folder, DATA_CHARS) || !joinPath(program, folder, L"landbridge-connector-service.exe"))
    return failWith(install, "The program folder is unknown.", 0, "");
  addArgument(&line, program);
  addArgument(&line, L"configure");
  return run(install, program, &line, "", CONFIGURE_TIMEOUT_MS, "The service cannot be configured.");
}

/* Deferred, as the system, after ConfigureService: only then is the home protected. */
__declspec(dllexport) UINT WINAPI ApplyAnswers(MSIHANDLE install) {
  static CommandLine line;
  static wchar_t data[DATA_CHARS], answers[DATA_CHARS];
  static char input[4 * DATA_CHARS];
  wchar_t node[PATH_CHARS], home[PATH_CHARS];
  wchar_t *rest = data;
  size_t length = 0;
  BOOL isFile = FALSE, isSavedAnyway = FALSE;
  if (!readProperty(install, L"CustomActionData", data, DATA_CHARS)) return failWith(install, "The answers are too long.", 0, "");
  const wchar_t *folder = takeLine(&rest);
  if (!connectorCommand(folder, node, &line) || !defaultHome(home)) return failWith(install, "The program folder is unknown.", 0, "");
  addArgument(&line, L"setup");
  addArgument(&line, L"--home");
  addArgument(&line, home);
  addArgument(&line, L"--yes");
  while (rest != NULL) {
    wchar_t *name = takeLine(&rest), *value = wcschr(name, L'=');
    if (value == NULL) continue;
    *value++ = 0;
    if (wcscmp(name, L"SAVE_ANYWAY") == 0) {
      isSavedAnyway = TRUE;
    } else if (wcscmp(name, L"ANSWERS") == 0) {
      isFile = TRUE;
      addArgument(&line, L"--answers");
      addArgument(&line, value);
    } else {
      /* The quotation marks keep blanks, and others that belong to the value. */
      const int added = swprintf(answers + length, DATA_CHARS - length, L"%ls=\"%ls\"\n", name, value);
      if (added < 0) return failWith(install, "The answers are too long.", 0, "");
      length += (size_t)added;
    }
  }
  SecureZeroMemory(data, sizeof data);
  if (isFile && length > 0) return failWith(install, "ANSWERS cannot be combined with other answers: put them into the file.", 0, "");
  if (!isFile) {
    addArgument(&line, L"--answers");
    addArgument(&line, L"-");
  }
  if (isSavedAnyway) addArgument(&line, L"--save-anyway");
  answers[length] = 0;
  if (WideCharToMultiByte(CP_UTF8, 0, answers, -1, input, sizeof input, NULL, NULL) == 0) return failWith(install, "The answers are too long.", 0, "");
  const UINT result = run(install, node, &line, input, SETUP_TIMEOUT_MS, "The connector cannot be set up with these answers. SAVE_ANYWAY=1 saves them although a check fails.");
  SecureZeroMemory(answers, sizeof answers);
  SecureZeroMemory(input, sizeof input);
  return result;
}
