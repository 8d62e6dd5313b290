/**
 * Pids and references: opaque values with no reachable internals. `===` holds for the same process
 * (or reference) on the same node, so both serve as Map keys. A pid carries node name, creation,
 * slot index and serial; a pid whose creation is not the node's present one is dead, never another
 * process (OTP: pids are never reused within an incarnation).
 *
 * The record behind a pid (a process, a remote stand-in) is reached only through `recordOfPid`,
 * which the package does not export. That privacy is a class's own `#record`, handed out once by
 * the static block: no symbol, no WeakMap on the send path.
 */
import { checkPid } from './check.ts'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** Where a process is, as plain data: what travels and what is printed. */
export type PidParts = {
  readonly node: string
  /** Opaque 32-bit number, new at every start of the node; compared for equality only. */
  readonly creation: number
  readonly index: number
  readonly serial: number
}

export type RefParts = {
  readonly node: string
  readonly creation: number
  readonly id: number
}

let readPid: (pid: Pid) => PidParts

export class Pid {
  readonly #record: PidParts

  constructor(record: PidParts) {
    this.#record = record
  }

  static {
    readPid = (pid) => pid.#record
  }

  toJSON(): string {
    return pidKey(this)
  }

  toString(): string {
    return pidKey(this)
  }

  [inspect](): string {
    return `Pid${pidKey(this)}`
  }
}

/**
 * A unique reference, OTP's `make_ref()`: names one monitor, timer or request. The things that are
 * referred to extend it, so that a monitor or a call costs no second object.
 */
export abstract class Reference implements RefParts {
  abstract get node(): string
  abstract get creation(): number
  abstract get id(): number

  toJSON(): string {
    return refKey(this)
  }

  toString(): string {
    return refKey(this)
  }

  [inspect](): string {
    return `Ref${refKey(this)}`
  }
}

/** A reference made by another node. */
export class RemoteReference extends Reference {
  readonly node: string
  readonly creation: number
  readonly id: number

  constructor(parts: RefParts) {
    super()
    this.node = parts.node
    this.creation = parts.creation
    this.id = parts.id
  }
}

/** The record a pid stands for. Internal: not exported by the package. */
export function recordOfPid(pid: Pid): PidParts {
  return readPid(pid)
}

/** What of a reference travels. Internal: not exported by the package. */
export function recordOfRef(ref: Reference): RefParts {
  return ref
}

export function isPid(value: unknown): value is Pid {
  return value instanceof Pid
}

export function isReference(value: unknown): value is Reference {
  return value instanceof Reference
}

/** Name of the node a process lives on. Throws `BadArgument` for what is no pid. */
export function nodeOf(pid: Pid): string {
  checkPid('nodeOf', pid)
  return readPid(pid).node
}

/** Text form, unique in the cluster: `<name@host.creation.index.serial>`. */
export function pidKey(pid: Pid): string {
  checkPid('pidKey', pid)
  const { node, creation, index, serial } = readPid(pid)
  return `<${node}.${creation}.${index}.${serial}>`
}

/** Text form of a reference, unique in the cluster: `<name@host.creation.id>`. */
export function refKey(ref: Reference): string {
  const { node, creation, id } = ref
  return `<${node}.${creation}.${id}>`
}
