/**
 * The ports through which a node touches its surroundings: time, chance, turns of the event loop,
 * files, DNS. Everything above them is deterministic: given the same answers from these ports a
 * node does the same things in the same order. The real ones are in `node.ts`, the virtual ones in
 * `sim.ts`; no other file of runtime/, stdlib/ or src/ (socket code in src/carrier apart) may read
 * a clock, a random source or a timer (tidy enforces it).
 */

export type TimerHandle = { readonly timer: unique symbol } | object

/** Time. Durations use `now`, which never steps; `wallMs` is for timestamps shown to others. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary origin, fractional. Never goes back. */
  now(): number
  /** Milliseconds since the Unix epoch. May step. */
  wallMs(): number
  /** Calls `fn` once, never earlier than `ms` from now. `ms` is clamped at 0. */
  after(ms: number, fn: () => void): TimerHandle
  /** Stops a timer. Unknown, fired and cancelled handles are ignored. */
  cancel(handle: TimerHandle): void
}

/** Chance. Seeded in simulation, the operating system's CSPRNG otherwise. */
export interface Random {
  /** Uniform in [0, 1). For jitter and choices, not for secrets. */
  unit(): number
  /** `size` bytes fit for keys and nonces. */
  bytes(size: number): Uint8Array
}

/**
 * Turns of the event loop: when queued work starts, when a slice has lasted long enough, and who
 * runs next. The scheduler owns the queues and budgets; this port only answers these questions.
 */
export interface Turn {
  /** Runs `fn` after the current synchronous segment (a microtask). */
  soon(fn: () => void): void
  /** Runs `fn` in a later turn, once timers and I/O had their chance (setImmediate). */
  later(fn: () => void): void
  /** Units of work between two questions of `sliceOver`, which may cost a clock read. */
  readonly checkEvery: number
  /** Marks the start of a slice. */
  sliceStart(): void
  /** True once the slice that began with `sliceStart` should end. */
  sliceOver(): boolean
  /**
   * Index of the process to run next among the first `runnable` of a run queue. 0 keeps the queue
   * first-in first-out; the simulator draws it.
   */
  pick(runnable: number): number
}

export type StorageFailure = {
  readonly tag: 'error'
  /** `taken`: somebody else holds the lock. */
  readonly reason: 'notFound' | 'denied' | 'notDirectory' | 'tooLarge' | 'taken' | 'failed'
  /** The operating system's own words, path included. */
  readonly message: string
}

/**
 * A file that is written at its end. One operation at a time; after one that failed, how much of it
 * was done is not known before the file is read again or cut.
 */
export interface AppendFile {
  /** Writes all of `bytes` at the end. A loss of power may leave any part of it. */
  append(bytes: Uint8Array): Promise<{ readonly tag: 'ok' } | StorageFailure>
  /** All that was appended is on disk when it succeeds. */
  sync(): Promise<{ readonly tag: 'ok' } | StorageFailure>
  /** Cuts the file to its first `size` bytes. On disk when it succeeds. */
  truncate(size: number): Promise<{ readonly tag: 'ok' } | StorageFailure>
  /** Nothing of this object may be used afterwards. Does not sync. */
  close(): Promise<void>
}

/**
 * Small files: keys, pins, certificates; and files that grow. Every failure is a value. Paths use
 * `/`. `read` gives the permissions too, as in `chmod`; where the system has none they are the
 * owner's alone. A pipe is `failed`: nobody may ever write to it.
 * `write` is atomic: after a crash the file holds the old bytes or the new ones, never a part, and
 * its mode is set while it is still empty.
 */
export interface Storage {
  read(
    path: string,
    maxBytes: number,
  ): Promise<
    { readonly tag: 'ok'; readonly bytes: Uint8Array; readonly mode: number } | StorageFailure
  >
  write(
    path: string,
    bytes: Uint8Array,
    mode: number,
  ): Promise<{ readonly tag: 'ok' } | StorageFailure>
  /** Gone from disk when it succeeds. */
  remove(path: string): Promise<{ readonly tag: 'ok' } | StorageFailure>
  /** Opens a file for appending; one that is new is on disk, empty, when it succeeds. */
  openAppend(
    path: string,
    mode: number,
  ): Promise<{ readonly tag: 'ok'; readonly file: AppendFile } | StorageFailure>
  /**
   * Takes the lock that the file `path` stands for, or is `taken`. It is held until `release`, and
   * not beyond the end of the program that took it, however that ends.
   */
  lock(
    path: string,
  ): Promise<{ readonly tag: 'ok'; readonly release: () => Promise<void> } | StorageFailure>
  /**
   * Names of the entries of a directory, sorted; an absent directory is `notFound`, one with more
   * than `namesMax` entries (default: any number) `tooLarge`.
   */
  list(
    path: string,
    namesMax?: number,
  ): Promise<{ readonly tag: 'ok'; readonly names: readonly string[] } | StorageFailure>
  /**
   * Creates a directory and its parents, on disk when it succeeds; the last one gets `mode`.
   * Existing is ok.
   */
  makeDirectory(path: string, mode: number): Promise<{ readonly tag: 'ok' } | StorageFailure>
}

/** A service record as received: nothing of it has been checked. */
export type ServiceRecord = {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

export type ResolverFailure = {
  readonly tag: 'error'
  /** `notFound`: there is no such name, or it has no such records. */
  readonly reason: 'notFound' | 'failed'
  readonly message: string
}

export type ResolverOptions = {
  /**
   * Who is asked, each an IP literal, `IPv4:port` or `[IPv6]:port`. Default: the system, with its
   * files and search domains for addresses.
   */
  readonly servers?: readonly string[]
  /** Milliseconds after which an unanswered question is asked once more; then twice that. */
  readonly timeoutMs: number
}

/** Questions to DNS. Every failure is a value. */
export interface Resolver {
  /** The addresses of a host in one family, IP literals. */
  addresses(
    host: string,
    family: 4 | 6,
  ): Promise<{ readonly tag: 'ok'; readonly addresses: readonly string[] } | ResolverFailure>
  /** The SRV records of a name such as `_service._udp.domain`. */
  services(
    name: string,
  ): Promise<{ readonly tag: 'ok'; readonly services: readonly ServiceRecord[] } | ResolverFailure>
  /** Abandons what is under way. */
  close(): void
}

export type EndSignal = 'SIGINT' | 'SIGTERM'

export interface Platform {
  /** False when the program runs in production (NODE_ENV): the default of checked mode. */
  readonly development: boolean
  /** Threads that can compute at the same time; 0: none may be started, as in simulation. */
  readonly parallelism: number
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly storage: Storage
  /** The IP address of a host name; literals stand for themselves. Undefined when unknown. */
  lookup(host: string): Promise<string | undefined>
  /** A resolver of one's own. */
  resolver(options: ResolverOptions): Resolver
  /** The program failed: its exit code is not 0 once nothing keeps it alive. */
  failed(): void
  /**
   * Calls `handler` each time the operator asks the program to end (SIGTERM, SIGINT), which then no
   * longer ends by itself at that; returns the function that gives the signals back.
   */
  onEndRequest(handler: (signal: EndSignal) => void): () => void
  /** Ends the program at once, whatever is under way. */
  endNow(exitCode: number): void
  /** Shows a line to the operator (stderr). */
  report(line: string): void
  /**
   * Registers a handler for promise rejections nobody handled; returns the function that removes
   * it. The handler answers true when the rejection was its own; a rejection that no handler
   * claims gets the host's default treatment.
   */
  onUnhandledRejection(claim: (reason: unknown) => boolean): () => void
}
