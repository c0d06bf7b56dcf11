/** What the sandbox and its worker say to each other. */

export interface WorkerSettings {
  source: string;
  timeoutMs: number;
  memoryLimitMb: number;
}

/** One mapping. Binary attributes travel beside the JSON; each path says where in the entry one belongs. */
export interface MapRequest {
  rawJson: string;
  binaryPaths: string;
  binaries: Uint8Array[];
}

export type SandboxErrorCode = 'MAPPER_SYNTAX' | 'MAPPER_FAILED' | 'MAPPER_TIMEOUT' | 'MAPPER_MEMORY';

export interface SandboxFailure {
  code: SandboxErrorCode;
  /** From the mapper: at most some hundred characters, to be shown to people only. */
  message: string;
  line?: number | undefined;
}

/**
 * The engine says only by its text that memory is at its end. A mapper that throws this text itself is told of memory: no harm.
 *
 * @param otherwise the code of any other message
 */
export function failureCode(message: string, otherwise: SandboxErrorCode): SandboxErrorCode {
  return message.includes('out of memory') ? 'MAPPER_MEMORY' : otherwise;
}

export type WorkerMessage =
  /** Sent once: the source was loaded, or was not. */
  | { kind: 'loaded'; failure: SandboxFailure | undefined }
  /** What the mapper wrote to its console. */
  | { kind: 'console'; line: string }
  /** `json` is the profile as the mapper's world answered it: bytes from outside. */
  | { kind: 'mapped'; json: string }
  /** `broken`: the engine is in no state to go on, the worker must be replaced. */
  | { kind: 'failed'; failure: SandboxFailure; broken: boolean };
