/** The messages between the sandbox and its worker. */

export interface WorkerSettings {
  source: string;
  timeoutMs: number;
  memoryLimitMb: number;
}

/** One mapping. Binary attributes are sent beside the JSON; each path says where in the entry one belongs. */
export interface MapRequest {
  rawJson: string;
  binaryPaths: string;
  binaries: Uint8Array[];
}

export type SandboxErrorCode = 'MAPPER_SYNTAX' | 'MAPPER_FAILED' | 'MAPPER_TIMEOUT' | 'MAPPER_MEMORY';

export interface SandboxFailure {
  code: SandboxErrorCode;
  /** From the mapper: a few hundred characters at most, only to be displayed. */
  message: string;
  line?: number | undefined;
}

/**
 * Only the engine's error text reveals that memory has run out. A mapper that throws this text itself is reported as out of memory, which is
 * harmless.
 * @param otherwise the code of any other message
 */
export function failureCode(message: string, otherwise: SandboxErrorCode): SandboxErrorCode {
  return message.includes('out of memory') ? 'MAPPER_MEMORY' : otherwise;
}

export type WorkerMessage =
  /** Sent once: whether the source was loaded. */
  | { kind: 'loaded'; failure: SandboxFailure | undefined }
  /** What the mapper wrote to its console. */
  | { kind: 'console'; line: string }
  /** `json` is the profile as returned from the sandbox: untrusted bytes. */
  | { kind: 'mapped'; json: string }
  /** `broken`: the engine is in an unknown state, and the worker must be replaced. */
  | { kind: 'failed'; failure: SandboxFailure; broken: boolean };
