/*
 * Who may change the folders of the program and its home. All users may create folders in ProgramData, so another user can have created ours before
 * the installation, with settings or a mapper in it, or a junction to another folder.
 */
#include "host.h"
#include <aclapi.h>
#include <sddl.h>
#include <wchar.h>

/* The system and administrators: everything. The service: modify. Nobody else, and nothing is inherited from above. */
#define HOME_ACCESS L"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;" SERVICE_SID L")"
/* The folder around the home: users may pass through it. */
#define PARENT_ACCESS L"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)(A;;0x1200a9;;;" SERVICE_SID L")"
#define CHANGES (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL)

static BOOL isSid(PSID sid, const wchar_t *text) {
  PSID other;
  if (!ConvertStringSidToSidW(text, &other)) return FALSE;
  const BOOL isEqual = EqualSid(sid, other);
  LocalFree(other);
  return isEqual;
}

static BOOL isCaller(PSID sid) {
  union {
    TOKEN_USER user;
    BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  } token;
  HANDLE handle;
  DWORD size;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &handle)) return FALSE;
  const BOOL isEqual = GetTokenInformation(handle, TokenUser, &token, sizeof token, &size) && EqualSid(sid, token.user.User.Sid);
  CloseHandle(handle);
  return isEqual;
}

static BOOL isTrusted(PSID sid) {
  return sid != NULL && (IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid) || isSid(sid, SERVICE_SID) ||
                         /* TrustedInstaller */
                         isSid(sid, L"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464") || isCaller(sid));
}

/* Only for accounts that do not administer this machine. */
static BOOL mayOthersChange(PACL acl) {
  if (acl == NULL) return TRUE;
  for (DWORD i = 0; i < acl->AceCount; i++) {
    ACCESS_ALLOWED_ACE *entry;
    if (!GetAce(acl, i, (void **)&entry)) return TRUE;
    /* CREATOR OWNER is the owner, who is checked. */
    if (entry->Header.AceType == ACCESS_DENIED_ACE_TYPE || (entry->Header.AceFlags & INHERIT_ONLY_ACE)) continue;
    if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE) return TRUE;
    if ((entry->Mask & CHANGES) && !isTrusted((PSID)&entry->SidStart)) return TRUE;
  }
  return FALSE;
}

/* Not a link to elsewhere. While the handle is open, nobody can rename the folder or put another in its place. */
static HANDLE openFolder(const wchar_t *folder, DWORD access) {
  HANDLE handle = CreateFileW(folder, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
  BY_HANDLE_FILE_INFORMATION found;
  if (handle == INVALID_HANDLE_VALUE) return handle;
  if (GetFileInformationByHandle(handle, &found) && (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) && !(found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
    return handle;
  CloseHandle(handle);
  SetLastError(ERROR_DIRECTORY);
  return INVALID_HANDLE_VALUE;
}

static int failAt(const wchar_t *folder, const wchar_t *what, DWORD error) {
  wchar_t text[PATH_CHARS + 256];
  swprintf(text, PATH_CHARS + 256, L"%ls %ls", folder, what);
  return fail(text, error);
}

static int requireTrusted(HANDLE handle, const wchar_t *folder) {
  PSECURITY_DESCRIPTOR descriptor;
  PSID owner;
  PACL acl;
  const DWORD error = GetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL, &acl, NULL, &descriptor);
  if (error != ERROR_SUCCESS) return failAt(folder, L"has an access list that cannot be read", error);
  const BOOL isOurs = isTrusted(owner) && !mayOthersChange(acl);
  LocalFree(descriptor);
  return isOurs ? 0 : failAt(folder, L"can be changed by accounts that do not administer this machine. Move it away, or let only administrators change it", ERROR_INVALID_OWNER);
}

int requireTrustedFolder(const wchar_t *folder) {
  HANDLE handle = openFolder(folder, READ_CONTROL | FILE_READ_ATTRIBUTES);
  if (handle == INVALID_HANDLE_VALUE) return failAt(folder, L"cannot be opened", GetLastError());
  const int failed = requireTrusted(handle, folder);
  CloseHandle(handle);
  return failed;
}

static int secureFolder(const wchar_t *folder, const wchar_t *access) {
  SECURITY_ATTRIBUTES created = {sizeof created, NULL, FALSE};
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(access, SDDL_REVISION_1, &created.lpSecurityDescriptor, NULL))
    return failAt(folder, L"cannot get its access list", GetLastError());
  int failed = 0;
  /* Whoever created an empty folder: a new one cannot have been prepared. This removes a junction, too, and not what it points to. */
  RemoveDirectoryW(folder);
  if (!CreateDirectoryW(folder, &created)) {
    const DWORD error = GetLastError();
    HANDLE handle = error == ERROR_ALREADY_EXISTS ? openFolder(folder, READ_CONTROL | WRITE_DAC | WRITE_OWNER | FILE_READ_ATTRIBUTES) : INVALID_HANDLE_VALUE;
    if (handle == INVALID_HANDLE_VALUE) {
      failed = failAt(folder, L"cannot be created or opened", error == ERROR_ALREADY_EXISTS ? GetLastError() : error);
    } else {
      PSID owner;
      PACL acl;
      BOOL isPresent, isDefault;
      failed = requireTrusted(handle, folder);
      if (failed == 0 && GetSecurityDescriptorOwner(created.lpSecurityDescriptor, &owner, &isDefault) &&
          GetSecurityDescriptorDacl(created.lpSecurityDescriptor, &isPresent, &acl, &isDefault)) {
        /* Also for everything inside that inherits its access list. */
        const DWORD refused = SetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, owner, NULL, acl, NULL);
        if (refused != ERROR_SUCCESS) failed = failAt(folder, L"does not accept its access list", refused);
      }
      CloseHandle(handle);
    }
  }
  LocalFree(created.lpSecurityDescriptor);
  return failed;
}

int secureHome(const wchar_t *home) {
  wchar_t standard[PATH_CHARS], parent[PATH_CHARS];
  /* Only the folder around the standard home is ours. */
  if (defaultHome(standard) && _wcsicmp(home, standard) == 0) {
    wcscpy(parent, standard);
    *wcsrchr(parent, L'\\') = 0;
    const int failed = secureFolder(parent, PARENT_ACCESS);
    if (failed != 0) return failed;
  }
  return secureFolder(home, HOME_ACCESS);
}
