/**
 * The process record. One class, all fields set here and none added later, so that every access
 * in the scheduler stays monomorphic as long as no mailbox is bounded; states are bits of `flags`.
 * Only runtime/ sees records: the rest of the program holds pids.
 *
 * A dead record keeps its identity and reason only; everything it referred to is dropped, so a
 * pid kept for years costs a few hundred bytes.
 */
import type { Reason } from './exit.ts'
import { Pid, type PidParts } from './identifier.ts'
import type { Links } from './links.ts'
import { Mailbox } from './mailbox.ts'
import type { Monitor } from './monitors.ts'
import type { Pause } from './pause.ts'
import type { Waiter } from './receive.ts'
import type { Self } from './self.ts'
import type { System } from './system.ts'
import type { Watch } from './watch.ts'

/** Bits of `Process.flags`. */
export const DEAD = 1
/** In a run queue. A process may be there once only. */
export const QUEUED = 2
/** Its code is on the stack now. */
export const RUNNING = 4
/** A callback process whose handler returned a promise: mail waits. */
export const BUSY = 8
export const TRAPPING = 16
export const HIGH = 32
/** Spawned; its body has not begun. */
export const STARTING = 64
/** Its mailbox has been reported as high. */
export const REPORTED = 128
/** It used its `self` after its end once already. */
export const POISONED = 256
/** Its pid has left the node, and is remembered by it. */
export const ABROAD = 512
/** To other nodes it does not exist. */
export const SHIELDED = 1024
/** Its mailbox has a bound (`bounded-process.ts`). */
export const BOUNDED = 2048
/** It sent to what is full, and waits at its next primitive until there is room. */
export const SUSPENDED = 4096
/** While it is idle, a call may run it on the caller's stack (`inline.ts`). */
export const INLINE_CALLS = 8192
/** Casts that pile up during a sender's turn may run it on the sender's stack. */
export const INLINE_CASTS = 16384
/** Its parent started it linked with itself: that one's exit ends it, whatever the reason. */
export const LINKED_START = 32768
/** A part of the system: it is never held, and rather loses what it sends to who cannot take it. */
export const UNHELD = 65536

/**
 * A process that handles its mail by callback (behaviours). `receive` gets one message at a time;
 * while the promise it returned is pending, mail waits.
 */
export interface Receiver {
  receive(message: unknown): void | Promise<void>
}

export type ExitHook = ((reason: Reason) => void) | AbortController

export class Process extends Mailbox implements PidParts {
  readonly system: System
  readonly index: number
  readonly serial: number
  readonly pid: Pid
  /** Name of the module it runs, for reports. */
  readonly module: string
  /** Who spawned it; once it is dead, the nearest forebear that lived then: see `terminate`. */
  parent: Pid | null
  flags: number
  /** Run queue link. */
  next: Process | null = null
  /** What a callback process does with its mail; of one that is STARTING how it begins, on null. */
  receiver: Receiver | null = null
  pause: Pause | null = null
  waiter: Waiter | null = null
  self: Self | null = null
  name: string | null = null
  /** Peers of links, local and remote. */
  links: Links | null = null
  /** Monitors this process holds on others, by intrusive list. */
  monitors: Monitor | null = null
  /** Who is told when it ends: monitors others hold on it, and calls it owes an answer. */
  watchers: Watch | null = null
  exitHooks: ExitHook[] | null = null
  reason: Reason | null = null

  constructor(
    system: System,
    index: number,
    serial: number,
    module: string,
    parent: Pid | null,
    high: boolean,
  ) {
    super()
    this.system = system
    this.index = index
    this.serial = serial
    this.module = module
    this.parent = parent
    this.flags = high ? STARTING | HIGH : STARTING
    this.pid = new Pid(this)
  }

  get node(): string {
    return this.system.node
  }

  get creation(): number {
    return this.system.creation
  }

  get alive(): boolean {
    return (this.flags & DEAD) === 0
  }

  get trapping(): boolean {
    return (this.flags & TRAPPING) !== 0
  }
}
