/* Paths, command lines, and starting programs. Shared by the service host and the library of the installer. */
#include "host.h"
#include <knownfolders.h>
#include <shlobj.h>
#include <wchar.h>

static void addChars(CommandLine *line, wchar_t c, size_t count) {
  for (; count > 0; count--) {
    if (line->length + 1 >= COMMAND_CHARS) {
      line->isTooLong = TRUE;
      return;
    }
    line->chars[line->length++] = c;
  }
  line->chars[line->length] = 0;
}

void addArgument(CommandLine *line, const wchar_t *argument) {
  if (line->length > 0) addChars(line, L' ', 1);
  addChars(line, L'"', 1);
  for (const wchar_t *at = argument;; at++) {
    size_t backslashes = 0;
    for (; *at == L'\\'; at++) backslashes++;
    /* Backslashes are literal, except before a quotation mark. */
    if (*at == 0) {
      addChars(line, L'\\', 2 * backslashes);
      break;
    }
    addChars(line, L'\\', *at == L'"' ? 2 * backslashes + 1 : backslashes);
    addChars(line, *at, 1);
  }
  addChars(line, L'"', 1);
}

BOOL joinPath(wchar_t path[PATH_CHARS], const wchar_t *folder, const wchar_t *name) {
  const size_t folderLength = wcslen(folder), nameLength = wcslen(name);
  if (folderLength + 1 + nameLength >= PATH_CHARS) return FALSE;
  if (path != folder) wmemcpy(path, folder, folderLength);
  path[folderLength] = L'\\';
  wmemcpy(path + folderLength + 1, name, nameLength + 1);
  return TRUE;
}

BOOL programFolder(HMODULE module, wchar_t folder[PATH_CHARS]) {
  const DWORD length = GetModuleFileNameW(module, folder, PATH_CHARS);
  if (length == 0 || length >= PATH_CHARS) return FALSE;
  wchar_t *last = wcsrchr(folder, L'\\');
  if (last == NULL) return FALSE;
  *last = 0;
  return TRUE;
}

BOOL defaultHome(wchar_t home[PATH_CHARS]) {
  wchar_t *programData = NULL;
  if (FAILED(SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &programData))) return FALSE;
  const BOOL fits = joinPath(home, programData, L"Landbridge\\Connector");
  CoTaskMemFree(programData);
  return fits;
}

BOOL connectorCommand(const wchar_t *folder, wchar_t node[PATH_CHARS], CommandLine *line) {
  wchar_t script[PATH_CHARS];
  line->length = 0;
  line->isTooLong = FALSE;
  if (!joinPath(node, folder, L"bin\\node.exe") || !joinPath(script, folder, L"lib\\main.js")) return FALSE;
  addArgument(line, node);
  addArgument(line, L"--disable-warning=ExperimentalWarning");
  addArgument(line, script);
  return TRUE;
}

HANDLE createKillOnCloseJob(void) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
  /* An unhandled exception ends the process instead of showing a window that nobody sees. */
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
  HANDLE job = CreateJobObjectW(NULL, NULL);
  if (job == NULL || SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) return job;
  const DWORD error = GetLastError();
  CloseHandle(job);
  SetLastError(error);
  return NULL;
}

DWORD startInJob(HANDLE job, const wchar_t *program, CommandLine *line, const HANDLE standard[3], PROCESS_INFORMATION *process) {
  if (line->isTooLong) return ERROR_FILENAME_EXCED_RANGE;
  wchar_t folder[PATH_CHARS];
  if (wcslen(program) >= PATH_CHARS) return ERROR_FILENAME_EXCED_RANGE;
  wcscpy(folder, program);
  wchar_t *last = wcsrchr(folder, L'\\');
  if (last == NULL) return ERROR_BAD_PATHNAME;
  *last = 0;

  STARTUPINFOEXW start = {0};
  start.StartupInfo.cb = sizeof start;
  start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  start.StartupInfo.hStdInput = standard[0];
  start.StartupInfo.hStdOutput = standard[1];
  start.StartupInfo.hStdError = standard[2];
  /* The list may not name a handle twice. */
  HANDLE inherited[3];
  DWORD count = 0;
  for (int i = 0; i < 3; i++) {
    BOOL isNew = standard[i] != NULL;
    for (DWORD j = 0; j < count; j++) isNew = isNew && inherited[j] != standard[i];
    if (isNew) inherited[count++] = standard[i];
  }
  SIZE_T size = 0;
  InitializeProcThreadAttributeList(NULL, 1, 0, &size);
  start.lpAttributeList = HeapAlloc(GetProcessHeap(), 0, size);
  if (start.lpAttributeList == NULL) return ERROR_NOT_ENOUGH_MEMORY;
  DWORD error = 0;
  if (!InitializeProcThreadAttributeList(start.lpAttributeList, 1, 0, &size)) {
    error = GetLastError();
    HeapFree(GetProcessHeap(), 0, start.lpAttributeList);
    return error;
  }
  /* The full path of the program: without it, Windows would search for the first word of an unquoted command line. */
  if (!UpdateProcThreadAttribute(start.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited, count * sizeof *inherited, NULL, NULL) ||
      !CreateProcessW(program, line->chars, NULL, NULL, TRUE, CREATE_NO_WINDOW | CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT, NULL, folder, &start.StartupInfo, process)) {
    error = GetLastError();
  } else if (!AssignProcessToJobObject(job, process->hProcess)) {
    /* Without the job it could outlive this process. */
    error = GetLastError();
    TerminateProcess(process->hProcess, 1);
    CloseHandle(process->hThread);
    CloseHandle(process->hProcess);
  } else {
    ResumeThread(process->hThread);
    CloseHandle(process->hThread);
    process->hThread = NULL;
  }
  DeleteProcThreadAttributeList(start.lpAttributeList);
  HeapFree(GetProcessHeap(), 0, start.lpAttributeList);
  return error;
}

typedef struct {
  HANDLE pipe;
  ProgramResult *result;
} Collected;

/* Keeps the beginning of the output, and reads the rest so that the program does not wait. */
static DWORD WINAPI collect(void *argument) {
  const Collected *to = argument;
  char chunk[1024];
  size_t length = 0;
  DWORD read;
  while (ReadFile(to->pipe, chunk, sizeof chunk, &read, NULL) && read > 0) {
    const size_t room = sizeof to->result->output - 1 - length;
    const size_t taken = read < room ? read : room;
    memcpy(to->result->output + length, chunk, taken);
    length += taken;
    to->result->output[length] = 0;
  }
  return 0;
}

DWORD runProgram(const wchar_t *program, CommandLine *line, const char *input, DWORD timeoutMs, ProgramResult *result) {
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  HANDLE job = createKillOnCloseJob(), inputPipe = NULL, inputEnd = NULL, output = NULL, outputEnd = NULL;
  const DWORD inputLength = (DWORD)strlen(input);
  DWORD error = 0, written;
  PROCESS_INFORMATION process;
  result->output[0] = 0;
  result->exitCode = 1;
  /* The pipe holds all of the input, so that writing does not wait for the program. */
  if (job == NULL || !CreatePipe(&inputPipe, &inputEnd, &inherit, inputLength + 1) || !CreatePipe(&output, &outputEnd, &inherit, 0) ||
      !SetHandleInformation(inputEnd, HANDLE_FLAG_INHERIT, 0) || !SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0) ||
      (inputLength > 0 && !WriteFile(inputEnd, input, inputLength, &written, NULL)))
    error = GetLastError();
  if (error == 0) error = startInJob(job, program, line, (HANDLE[]){inputPipe, outputEnd, outputEnd}, &process);
  const HANDLE ours[] = {inputPipe, inputEnd, outputEnd};
  for (size_t i = 0; i < 3; i++)
    if (ours[i] != NULL) CloseHandle(ours[i]);
  if (error == 0) {
    Collected to = {output, result};
    HANDLE collector = CreateThread(NULL, 0, collect, &to, 0, NULL);
    if (WaitForSingleObject(process.hProcess, timeoutMs) == WAIT_TIMEOUT) {
      TerminateJobObject(job, 1);
      error = ERROR_TIMEOUT;
    }
    GetExitCodeProcess(process.hProcess, &result->exitCode);
    CloseHandle(process.hProcess);
    /* The pipe ends with its last writer, so no process of the job may go on. */
    CloseHandle(job);
    job = NULL;
    if (collector != NULL) {
      WaitForSingleObject(collector, INFINITE);
      CloseHandle(collector);
    }
  }
  if (job != NULL) CloseHandle(job);
  if (output != NULL) CloseHandle(output);
  return error;
}
