/*
 * A test double of secur32.dll and netapi32.dll with their functions, structures and constants as Microsoft documents them (sspi.h,
 * dsrole.h), on any 64-bit machine. The token says what it answers (struct script). It counts what it gave out and was not given
 * back, and what was done wrong.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t ULONG;
typedef int32_t SECURITY_STATUS;
typedef uint16_t WCHAR;

typedef struct { uintptr_t dwLower, dwUpper; } SecHandle;
typedef struct { ULONG cbBuffer, BufferType; void *pvBuffer; } SecBuffer;
typedef struct { ULONG ulVersion, cBuffers; SecBuffer *pBuffers; } SecBufferDesc;
typedef struct { WCHAR *sUserName; } SecPkgContext_NamesW;
typedef struct { WCHAR *sClientName, *sServerName; } SecPkgContext_NativeNamesW;
typedef struct { ULONG fCapabilities; uint16_t wVersion, wRPCID; ULONG cbMaxToken; WCHAR *Name, *Comment; } SecPkgInfoW;
typedef struct { SecPkgInfoW *PackageInfo; ULONG NegotiationState; } SecPkgContext_NegotiationInfoW;
typedef struct {
  int32_t MachineRole;
  ULONG Flags;
  WCHAR *DomainNameFlat, *DomainNameDns, *DomainForestName;
  uint8_t DomainGuid[16];
} DSROLE_PRIMARY_DOMAIN_INFO_BASIC;

#define SEC_E_OK 0
#define SEC_E_INVALID_HANDLE ((SECURITY_STATUS)0x80090301)
#define SEC_E_UNSUPPORTED_FUNCTION ((SECURITY_STATUS)0x80090302)
#define SEC_E_INVALID_TOKEN ((SECURITY_STATUS)0x80090308)

/* Behind MARK, wherever that is in the token. Strings follow, each up to its zero; "\1" is a null pointer. */
static const char MARK[8] = "SCRIPT:";
typedef struct {
  int32_t status;
  ULONG attributes, failing_attribute, response_bytes, holds;
} script;
enum { PACKAGE, USER, CLIENT, SERVER, STRINGS };

typedef struct { script script; const WCHAR *strings[STRINGS]; char *text; } context;

static _Atomic int outstanding, mistakes, running, most_running;
static _Atomic(SECURITY_STATUS) acquire_status;
static WCHAR domain[64];
static sem_t held;

__attribute__((constructor)) static void start(void) { sem_init(&held, 0, 0); }

/* For tests. */
int test_outstanding(void) { return outstanding; }
int test_mistakes(void) { return mistakes; }
int test_most_running(void) { return most_running; }
void test_release(int count) { while (count-- > 0) sem_post(&held); }
void test_acquire_status(SECURITY_STATUS status) { acquire_status = status; }
void test_domain(const WCHAR *name) {
  size_t i = 0;
  do domain[i] = name[i]; while (name[i++] != 0 && i < 63);
}

static void expect(int condition) { if (!condition) mistakes++; }

static void *give(size_t bytes) {
  outstanding++;
  return calloc(1, bytes);
}

static size_t bytes_of(const WCHAR *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return (length + 1) * sizeof(WCHAR);
}

static WCHAR *give_text(const WCHAR *text) {
  if (text[0] == 1) return NULL;
  return memcpy(give(bytes_of(text)), text, bytes_of(text));
}

static SECURITY_STATUS take(void *given) {
  expect(given != NULL);
  if (given == NULL) return SEC_E_INVALID_HANDLE;
  outstanding--;
  free(given);
  return SEC_E_OK;
}

SECURITY_STATUS AcquireCredentialsHandleW(const WCHAR *principal, const WCHAR *package, ULONG use, void *logon, void *auth, void *get_key,
                                          void *get_key_argument, SecHandle *credential, int64_t *expiry) {
  const WCHAR negotiate[] = {'N', 'e', 'g', 'o', 't', 'i', 'a', 't', 'e', 0};
  expect(principal == NULL && use == 1 && !logon && !auth && !get_key && !get_key_argument && expiry != NULL);
  expect(memcmp(package, negotiate, sizeof negotiate) == 0);
  if (acquire_status != SEC_E_OK) return acquire_status;
  /* Beyond what a double can hold. */
  credential->dwLower = 0xfedcba9876543211u;
  credential->dwUpper = (uintptr_t)give(1);
  return SEC_E_OK;
}

SECURITY_STATUS FreeCredentialsHandle(SecHandle *credential) {
  expect(credential->dwLower == 0xfedcba9876543211u);
  return take((void *)credential->dwUpper);
}

SECURITY_STATUS AcceptSecurityContext(SecHandle *credential, SecHandle *former, SecBufferDesc *input, ULONG requirements, ULONG representation,
                                      SecHandle *made, SecBufferDesc *output, ULONG *attributes, int64_t *expiry) {
  int now = ++running;
  if (now > most_running) most_running = now;
  SecBuffer *token = input->pBuffers, *response = output->pBuffers;
  expect(credential->dwLower == 0xfedcba9876543211u && former == NULL && representation == 0x10 && expiry != NULL);
  expect(input->ulVersion == 0 && input->cBuffers == 1 && (token->BufferType & 0xfffffff) == 2);
  expect(output->ulVersion == 0 && output->cBuffers == 1 && response->BufferType == 2 && response->cbBuffer >= 48000);
  /* The caller's own memory; no null session; no token twice (ASC_REQ_ALLOCATE_MEMORY, _ALLOW_NULL_SESSION, _ALLOW_CONTEXT_REPLAY). */
  expect((requirements & (0x100 | 0x100000 | 0x400000)) == 0);
  const char *at = memmem(token->pvBuffer, token->cbBuffer, MARK, sizeof MARK - 1);
  if (at == NULL) {
    running--;
    return SEC_E_INVALID_TOKEN;
  }
  at += sizeof MARK - 1;
  size_t rest = token->cbBuffer - (size_t)(at - (char *)token->pvBuffer);
  script script;
  memcpy(&script, at, sizeof script);
  if (script.holds) sem_wait(&held);
  running--;
  if (script.status < 0) return script.status;
  context *context = give(sizeof *context);
  context->script = script;
  context->text = malloc(rest);
  memcpy(context->text, at + sizeof script, rest - sizeof script);
  const WCHAR *text = (WCHAR *)context->text;
  for (int i = 0; i < STRINGS; i++) {
    context->strings[i] = text;
    text += bytes_of(text) / sizeof(WCHAR);
  }
  made->dwLower = 0xfedcba9876543212u;
  made->dwUpper = (uintptr_t)context;
  *attributes = script.attributes;
  /* The end of the token, so that it is seen to have come whole. */
  if (script.response_bytes <= 16)
    memcpy(response->pvBuffer, (char *)token->pvBuffer + token->cbBuffer - script.response_bytes, script.response_bytes);
  response->cbBuffer = script.response_bytes;
  return script.status;
}

SECURITY_STATUS QueryContextAttributesW(SecHandle *handle, ULONG attribute, void *result) {
  expect(handle->dwLower == 0xfedcba9876543212u);
  context *context = (void *)handle->dwUpper;
  if (context->script.failing_attribute == attribute) return SEC_E_UNSUPPORTED_FUNCTION;
  if (attribute == 1) {
    ((SecPkgContext_NamesW *)result)->sUserName = give_text(context->strings[USER]);
  } else if (attribute == 12) {
    /* Windows allocates structure and strings in one piece. */
    size_t bytes = bytes_of(context->strings[PACKAGE]);
    SecPkgInfoW *info = context->strings[PACKAGE][0] == 1 ? NULL : give(sizeof *info + bytes);
    if (info != NULL) info->Name = memcpy(info + 1, context->strings[PACKAGE], bytes);
    ((SecPkgContext_NegotiationInfoW *)result)->PackageInfo = info;
  } else if (attribute == 13) {
    ((SecPkgContext_NativeNamesW *)result)->sClientName = give_text(context->strings[CLIENT]);
    ((SecPkgContext_NativeNamesW *)result)->sServerName = give_text(context->strings[SERVER]);
  } else {
    return SEC_E_UNSUPPORTED_FUNCTION;
  }
  return SEC_E_OK;
}

SECURITY_STATUS DeleteSecurityContext(SecHandle *handle) {
  expect(handle->dwLower == 0xfedcba9876543212u);
  free(((context *)handle->dwUpper)->text);
  return take((void *)handle->dwUpper);
}

SECURITY_STATUS FreeContextBuffer(void *buffer) { return take(buffer); }

ULONG DsRoleGetPrimaryDomainInformation(const WCHAR *server, int32_t level, DSROLE_PRIMARY_DOMAIN_INFO_BASIC **result) {
  expect(server == NULL && level == 1);
  *result = give(sizeof **result);
  (*result)->DomainNameDns = domain[0] == 0 ? NULL : domain;
  return 0;
}

void DsRoleFreeMemory(void *buffer) { take(buffer); }
