/* Creates, configures and removes the service, as the installer and `landbridge-connector service` ask for it. Needs administrator rights. */
#include "host.h"
#include <stdio.h>
#include <wchar.h>

#define STOP_WAIT_MS 40000
#define START_WAIT_MS 15000
#define EVENT_SOURCE L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" SERVICE_NAME

int fail(const wchar_t *what, DWORD error) {
  wchar_t text[512];
  DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text, 512, NULL);
  while (length > 0 && text[length - 1] <= L' ') length--;
  text[length] = 0;
  char utf8[4 * 1024];
  wchar_t line[1024];
  swprintf(line, 1024, L"error: %.400ls: %ls (Windows error %lu)\n", what, text, error);
  if (WideCharToMultiByte(CP_UTF8, 0, line, -1, utf8, sizeof utf8, NULL, NULL) > 0) fputs(utf8, stderr);
  return 1;
}

/* Returns NULL with the error in `error`. */
static SC_HANDLE openService(DWORD access, DWORD *error) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service = manager == NULL ? NULL : OpenServiceW(manager, SERVICE_NAME, access);
  *error = service == NULL ? GetLastError() : 0;
  if (manager != NULL) CloseServiceHandle(manager);
  return service;
}

/* The quoted path of this program and its arguments. Windows would start C:\Program.exe for an unquoted path in C:\Program Files. */
static BOOL imagePath(CommandLine *line, const wchar_t *home) {
  wchar_t path[PATH_CHARS];
  const DWORD length = GetModuleFileNameW(NULL, path, PATH_CHARS);
  line->length = 0;
  line->isTooLong = FALSE;
  if (length == 0 || length >= PATH_CHARS) return FALSE;
  addArgument(line, path);
  addArgument(line, L"run");
  addArgument(line, home);
  return !line->isTooLong;
}

static int registerEventSource(void) {
  wchar_t path[PATH_CHARS];
  HKEY key;
  const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
  const DWORD length = GetModuleFileNameW(NULL, path, PATH_CHARS);
  LSTATUS error = RegCreateKeyExW(HKEY_LOCAL_MACHINE, EVENT_SOURCE, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
  if (error != ERROR_SUCCESS) return fail(L"Cannot register the event source", (DWORD)error);
  error = RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ, (const BYTE *)path, (length + 1) * sizeof *path);
  if (error == ERROR_SUCCESS) error = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
  RegCloseKey(key);
  return error == ERROR_SUCCESS ? 0 : fail(L"Cannot register the event source", (DWORD)error);
}

int installService(const wchar_t *home) {
  static CommandLine line;
  if (!imagePath(&line, home)) return fail(L"The path of the program or of its home is too long", ERROR_FILENAME_EXCED_RANGE);
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
  if (manager == NULL) return fail(L"The service manager refuses access", GetLastError());
  SC_HANDLE service = CreateServiceW(manager, SERVICE_NAME, DISPLAY_NAME, SERVICE_QUERY_STATUS, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                     SERVICE_ERROR_NORMAL, line.chars, NULL, NULL, L"Tcpip\0", SERVICE_ACCOUNT, NULL);
  const DWORD error = GetLastError();
  CloseServiceHandle(manager);
  if (service != NULL) CloseServiceHandle(service);
  else if (error != ERROR_SERVICE_EXISTS) return fail(L"Cannot create the service", error);
  const int failed = configureService(home);
  /* Not half a service. One that existed before stays as it was. */
  if (failed != 0 && service != NULL) removeService();
  return failed;
}

int configureService(const wchar_t *home) {
  static CommandLine line;
  wchar_t folder[PATH_CHARS];
  if (!programFolder(NULL, folder) || !imagePath(&line, home)) return fail(L"The path of the program or of its home is too long", ERROR_FILENAME_EXCED_RANGE);
  int failed = requireTrustedFolder(folder);
  if (failed == 0) failed = secureHome(home);
  if (failed == 0) failed = registerEventSource();
  if (failed != 0) return failed;
  DWORD error;
  /* A restart as recovery action needs the right to start the service. */
  SC_HANDLE service = openService(SERVICE_CHANGE_CONFIG | SERVICE_START, &error);
  if (service == NULL) return fail(L"Cannot open the service " SERVICE_NAME, error);
  wchar_t description[] = L"Signs users in with the directory of this network, for a Landbridge hub or an Auth0 tenant.";
  /* The account needs no other privilege: it can traverse folders and reach the network. */
  wchar_t privileges[] = L"SeChangeNotifyPrivilege\0";
  SC_ACTION restarts[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 15000}, {SC_ACTION_RESTART, 60000}};
  SERVICE_DESCRIPTIONW describe = {description};
  /* The number of failures goes back to 0 after a day without one. */
  SERVICE_FAILURE_ACTIONSW actions = {.dwResetPeriod = 86400, .cActions = 3, .lpsaActions = restarts};
  SERVICE_FAILURE_ACTIONS_FLAG alsoForExitCodes = {TRUE};
  SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
  SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
  SERVICE_REQUIRED_PRIVILEGES_INFOW required = {privileges};
  /* Longer than the host waits for the connector. */
  SERVICE_PRESHUTDOWN_INFO shutdown = {STOP_WAIT_MS};
  const struct {
    DWORD level;
    void *value;
    const wchar_t *name;
  } settings[] = {
      {SERVICE_CONFIG_DESCRIPTION, &describe, L"Cannot set the description"},
      {SERVICE_CONFIG_FAILURE_ACTIONS, &actions, L"Cannot set the recovery actions"},
      {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &alsoForExitCodes, L"Cannot set the recovery actions for exit codes"},
      {SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, L"Cannot set the delayed start"},
      {SERVICE_CONFIG_SERVICE_SID_INFO, &sid, L"Cannot set the SID of the service"},
      {SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required, L"Cannot set the privileges"},
      {SERVICE_CONFIG_PRESHUTDOWN_INFO, &shutdown, L"Cannot set the time for shutdown"},
  };
  if (!ChangeServiceConfigW(service, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, line.chars, NULL, NULL, NULL, NULL, NULL, NULL))
    failed = fail(L"Cannot set the path of the service", GetLastError());
  for (size_t i = 0; failed == 0 && i < sizeof settings / sizeof *settings; i++) {
    /* Wine has only some of these settings. */
    if (!ChangeServiceConfig2W(service, settings[i].level, settings[i].value) && GetLastError() != ERROR_INVALID_LEVEL)
      failed = fail(settings[i].name, GetLastError());
  }
  CloseServiceHandle(service);
  return failed;
}

int removeService(void) {
  DWORD error;
  SC_HANDLE service = openService(SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, &error);
  if (error == ERROR_SERVICE_DOES_NOT_EXIST) return 0;
  if (service == NULL) return fail(L"Cannot open the service " SERVICE_NAME, error);
  SERVICE_STATUS status;
  const ULONGLONG deadline = GetTickCount64() + STOP_WAIT_MS;
  ControlService(service, SERVICE_CONTROL_STOP, &status);
  while (QueryServiceStatus(service, &status) && status.dwCurrentState != SERVICE_STOPPED && GetTickCount64() < deadline) Sleep(200);
  int failed = 0;
  if (!DeleteService(service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) failed = fail(L"Cannot delete the service", GetLastError());
  CloseServiceHandle(service);
  RegDeleteKeyW(HKEY_LOCAL_MACHINE, EVENT_SOURCE);
  return failed;
}

int startInstalledService(void) {
  DWORD error;
  SERVICE_STATUS status;
  SC_HANDLE service = openService(SERVICE_START | SERVICE_QUERY_STATUS, &error);
  if (service == NULL) return fail(L"Cannot open the service " SERVICE_NAME, error);
  const ULONGLONG deadline = GetTickCount64() + START_WAIT_MS;
  if (!StartServiceW(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING) return fail(L"Cannot start the service", GetLastError());
  while (QueryServiceStatus(service, &status) && status.dwCurrentState == SERVICE_START_PENDING && GetTickCount64() < deadline) Sleep(100);
  CloseServiceHandle(service);
  return status.dwCurrentState == SERVICE_RUNNING ? 0 : fail(L"The service does not run", ERROR_SERVICE_NOT_ACTIVE);
}

int printStatus(void) {
  static const char *const STATES[] = {"unknown", "stopped", "starting", "stopping", "running", "continuing", "pausing", "paused"};
  static union {
    QUERY_SERVICE_CONFIGW config;
    BYTE bytes[8192];
  } found;
  SERVICE_STATUS status;
  DWORD size, error;
  SC_HANDLE service = openService(SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, &error);
  if (error == ERROR_SERVICE_DOES_NOT_EXIST) return puts("not installed"), 0;
  if (service == NULL) return fail(L"Cannot query the service", error);
  if (!QueryServiceStatus(service, &status) || !QueryServiceConfigW(service, &found.config, sizeof found, &size)) return fail(L"Cannot query the service", GetLastError());
  printf("%s %s\n", STATES[status.dwCurrentState < 8 ? status.dwCurrentState : 0], found.config.dwStartType == SERVICE_AUTO_START ? "automatic" : "manual");
  return 0;
}
