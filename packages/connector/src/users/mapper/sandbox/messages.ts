/** The messages between the sandbox and its worker. */

export interface WorkerSettings {
  source: string;
  timeoutMs: number;
  memoryLimitMb: number;
  /** The contents of `process.env` in the sandbox. */
  environment: Readonly<Record<string, string>>;
  /** One Int32: the index of the mapping in progress, in case the worker does not return. */
  progress: SharedArrayBuffer;
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

/** `json` is the profile as returned from the sandbox: untrusted bytes. */
export type MapResult = { json: string } | { failure: SandboxFailure };

export type WorkerMessage =
  /** Sent once: whether the source was loaded. */
  | { kind: 'loaded'; failure: SandboxFailure | undefined }
  /** What the mapper wrote to its console. */
  | { kind: 'console'; line: string }
  /** The results of a batch in order. Fewer than requested if one was slow: the rest were not started. */
  | { kind: 'mapped'; results: MapResult[] }
  /** The engine is in an unknown state, so the worker must be replaced. */
  | { kind: 'broken'; failure: SandboxFailure };
