/* The service: runs the connector in a job, asks it to stop by ending its standard input, and tells the service manager how it ended. */
#include "host.h"
#include "messages.h"
#include <stdio.h>
#include <wchar.h>

/* The connector gives itself 25 seconds to finish what is in flight. */
#define STOP_MS 30000
#define START_HINT_MS 10000
/* The output is a copy of the log, plus what the log cannot have, such as a crash of Node.js. One older file is kept. */
#define MAX_OUTPUT_BYTES (1024 * 1024)

static SERVICE_STATUS_HANDLE statusHandle;
static SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = SERVICE_START_PENDING};
static HANDLE stopRequested;
static wchar_t homeFolder[PATH_CHARS], outputFile[PATH_CHARS], olderOutputFile[PATH_CHARS];

static void report(DWORD state, DWORD hintMs, DWORD error, DWORD exitCode) {
  status.dwCurrentState = state;
  status.dwWaitHint = hintMs;
  status.dwWin32ExitCode = exitCode != 0 ? ERROR_SERVICE_SPECIFIC_ERROR : error;
  status.dwServiceSpecificExitCode = exitCode;
  status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0;
  status.dwCheckPoint = state == SERVICE_RUNNING || state == SERVICE_STOPPED ? 0 : status.dwCheckPoint + 1;
  SetServiceStatus(statusHandle, &status);
}

/* All users of the machine can read the event log, so it gets no output of the connector, which can contain the link to its console. */
static void logEvent(WORD type, DWORD id, const wchar_t *first, const wchar_t *second) {
  HANDLE source = RegisterEventSourceW(NULL, SERVICE_NAME);
  if (source == NULL) return;
  const wchar_t *strings[] = {first, second};
  ReportEventW(source, type, 0, id, NULL, 2, 0, strings, NULL);
  DeregisterEventSource(source);
}

static DWORD WINAPI onControl(DWORD control, DWORD type, void *data, void *context) {
  (void)type, (void)data, (void)context;
  switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN:
      SetEvent(stopRequested);
      return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
      return NO_ERROR;
    default:
      return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

/* Copies the output to a file and starts another when it is full. The connector must never wait for this. */
static DWORD WINAPI copyOutput(void *argument) {
  HANDLE pipe = argument, file = INVALID_HANDLE_VALUE;
  LARGE_INTEGER size = {.QuadPart = 0};
  char chunk[4096];
  DWORD read, written;
  while (ReadFile(pipe, chunk, sizeof chunk, &read, NULL) && read > 0) {
    if (file != INVALID_HANDLE_VALUE && size.QuadPart + read > MAX_OUTPUT_BYTES) {
      CloseHandle(file);
      file = INVALID_HANDLE_VALUE;
    }
    if (file == INVALID_HANDLE_VALUE) {
      WIN32_FILE_ATTRIBUTE_DATA found;
      if (GetFileAttributesExW(outputFile, GetFileExInfoStandard, &found) && (found.nFileSizeHigh > 0 || found.nFileSizeLow + read > MAX_OUTPUT_BYTES))
        MoveFileExW(outputFile, olderOutputFile, MOVEFILE_REPLACE_EXISTING);
      file = CreateFileW(outputFile, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
      if (file == INVALID_HANDLE_VALUE || !GetFileSizeEx(file, &size)) continue;
    }
    if (WriteFile(file, chunk, read, &written, NULL)) size.QuadPart += written;
  }
  if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
  return 0;
}

typedef struct {
  HANDLE job, stopPipe, copier;
  PROCESS_INFORMATION process;
} Connector;

static DWORD startConnector(Connector *connector) {
  static CommandLine line;
  wchar_t folder[PATH_CHARS], node[PATH_CHARS], logs[PATH_CHARS];
  if (!programFolder(NULL, folder) || !connectorCommand(folder, node, &line) || !joinPath(logs, homeFolder, L"logs") ||
      !joinPath(outputFile, logs, L"service.log") || !joinPath(olderOutputFile, logs, L"service.log.1"))
    return ERROR_FILENAME_EXCED_RANGE;
  addArgument(&line, L"run");
  addArgument(&line, L"--stop-when-stdin-ends");
  addArgument(&line, L"--home");
  addArgument(&line, homeFolder);
  CreateDirectoryW(logs, NULL);
  /* Options that an administrator has set for other programs, such as a debugger, are not for this one. */
  SetEnvironmentVariableW(L"NODE_OPTIONS", NULL);

  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  HANDLE input, output, outputEnd;
  if (!CreatePipe(&input, &connector->stopPipe, &inherit, 0) || !CreatePipe(&output, &outputEnd, &inherit, 0)) return GetLastError();
  SetHandleInformation(connector->stopPipe, HANDLE_FLAG_INHERIT, 0);
  SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0);
  connector->job = createKillOnCloseJob();
  if (connector->job == NULL) return GetLastError();
  const DWORD error = startInJob(connector->job, node, &line, (HANDLE[]){input, outputEnd, outputEnd}, &connector->process);
  CloseHandle(input);
  CloseHandle(outputEnd);
  connector->copier = CreateThread(NULL, 0, copyOutput, output, 0, NULL);
  return error;
}

/* The end of the output is written before the service reports that it has stopped. */
static void finishOutput(const Connector *connector) {
  TerminateJobObject(connector->job, 1);
  if (connector->copier != NULL) WaitForSingleObject(connector->copier, 5000);
}

static void stopConnector(const Connector *connector) {
  const ULONGLONG deadline = GetTickCount64() + STOP_MS;
  report(SERVICE_STOP_PENDING, 5000, 0, 0);
  CloseHandle(connector->stopPipe);
  while (WaitForSingleObject(connector->process.hProcess, 1000) == WAIT_TIMEOUT) {
    if (GetTickCount64() >= deadline) {
      logEvent(EVENTLOG_WARNING_TYPE, MSG_STOP_TIMEOUT, L"30", outputFile);
      finishOutput(connector);
      report(SERVICE_STOPPED, 0, 0, 1);
      return;
    }
    report(SERVICE_STOP_PENDING, 5000, 0, 0);
  }
  DWORD exitCode = 1;
  GetExitCodeProcess(connector->process.hProcess, &exitCode);
  finishOutput(connector);
  logEvent(EVENTLOG_INFORMATION_TYPE, MSG_STOPPED, L"", L"");
  report(SERVICE_STOPPED, 0, 0, exitCode);
}

static void WINAPI serviceMain(DWORD argc, wchar_t **argv) {
  (void)argc, (void)argv;
  statusHandle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, onControl, NULL);
  if (statusHandle == NULL) return;
  report(SERVICE_START_PENDING, START_HINT_MS, 0, 0);
  Connector connector = {0};
  wchar_t number[16];
  const DWORD error = startConnector(&connector);
  if (error != 0) {
    swprintf(number, 16, L"%lu", error);
    logEvent(EVENTLOG_ERROR_TYPE, MSG_START_FAILED, number, L"");
    report(SERVICE_STOPPED, 0, error, 0);
    return;
  }
  swprintf(number, 16, L"%lu", connector.process.dwProcessId);
  logEvent(EVENTLOG_INFORMATION_TYPE, MSG_STARTED, number, homeFolder);
  report(SERVICE_RUNNING, 0, 0, 0);
  const HANDLE either[] = {stopRequested, connector.process.hProcess};
  if (WaitForMultipleObjects(2, either, FALSE, INFINITE) == WAIT_OBJECT_0) {
    stopConnector(&connector);
    return;
  }
  DWORD exitCode = 1;
  GetExitCodeProcess(connector.process.hProcess, &exitCode);
  finishOutput(&connector);
  swprintf(number, 16, L"%lu", exitCode);
  logEvent(EVENTLOG_ERROR_TYPE, MSG_ENDED, number, outputFile);
  /* Not 0, or the service manager would not restart it. */
  report(SERVICE_STOPPED, 0, 0, exitCode != 0 ? exitCode : 1);
}

int runService(const wchar_t *home) {
  if (wcslen(home) >= PATH_CHARS) return fail(L"The home is too long", ERROR_FILENAME_EXCED_RANGE);
  wcscpy(homeFolder, home);
  stopRequested = CreateEventW(NULL, TRUE, FALSE, NULL);
  wchar_t name[] = SERVICE_NAME;
  const SERVICE_TABLE_ENTRYW table[] = {{name, serviceMain}, {NULL, NULL}};
  if (stopRequested != NULL && StartServiceCtrlDispatcherW(table)) return 0;
  return fail(L"Only the service manager can start the service (use: sc start " SERVICE_NAME L")", GetLastError());
}
