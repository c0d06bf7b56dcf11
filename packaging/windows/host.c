/* landbridge-connector-service.exe: the Windows service of the connector, and the commands that set it up. */
#include "host.h"
#include <stdio.h>
#include <wchar.h>

static const char USAGE[] =
    "Usage: landbridge-connector-service COMMAND\n"
    "  install [HOME]    create and configure the service\n"
    "  configure [HOME]  access list of the home, recovery actions, event log\n"
    "  remove            stop and delete the service; the home stays\n"
    "  start             start the service\n"
    "  status            print the state of the service, and how it starts\n"
    "  console           open the console in the browser\n"
    "  troubleshoot      check everything between the hub and the directory\n";

int wmain(int argc, wchar_t **argv) {
  /* Libraries only from the system folder, not from the folder of the program or the current one. */
  if (!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) || !SetDllDirectoryW(L"")) return fail(L"Cannot restrict the search for libraries", GetLastError());
  static wchar_t home[PATH_CHARS];
  const wchar_t *command = argc > 1 ? argv[1] : L"";
  if (argc > 3 || (argc == 3 && wcslen(argv[2]) >= PATH_CHARS)) return fputs(USAGE, stderr), 2;
  if (wcscmp(command, L"troubleshoot") == 0) return troubleshoot(argc == 3 && wcscmp(argv[2], L"window") == 0);
  if (wcscmp(command, L"console-link") == 0) return argc == 3 ? sendConsoleLink(argv[2]) : 2;
  if (argc == 3) wcscpy(home, argv[2]);
  else if (!defaultHome(home)) return fail(L"Cannot find ProgramData", GetLastError());

  if (wcscmp(command, L"run") == 0) return runService(home);
  if (wcscmp(command, L"install") == 0) return installService(home);
  if (wcscmp(command, L"configure") == 0) return configureService(home);
  if (wcscmp(command, L"remove") == 0) return removeService();
  if (wcscmp(command, L"start") == 0) return startInstalledService();
  if (wcscmp(command, L"status") == 0) return printStatus();
  if (wcscmp(command, L"console") == 0) return openConsole();
  fputs(USAGE, stderr);
  return 2;
}
