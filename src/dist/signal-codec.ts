/**
 * Signals as frames: a type byte and an array of fields, encoded by the channel's term codec. What
 * comes in is checked field by field; what does not fit is an error value. Exit reasons leave
 * without stacks unless the node says otherwise, and a reason that cannot travel is replaced by
 * one that says so, because an exit must never be lost for its words.
 */
import { isPid, isReference, type Pid, type Reason } from '../../runtime/index.ts'
import { isReason, type Signal, show, withoutStack } from '../../runtime/kernel.ts'
import type { Body, Codec, EncodeError } from '../wire/index.ts'

/** Frame types of signals; 1 is the fragment. */
const frameTypes = {
  send: 10,
  link: 11,
  unlink: 12,
  unlinkAck: 13,
  linkExit: 14,
  exit: 15,
  monitor: 16,
  demonitor: 17,
  down: 18,
  call: 19,
  reply: 20,
  callFailed: 21,
  cancelCall: 22,
  spawn: 23,
  spawned: 24,
  spawnFailed: 25,
} as const satisfies Record<Signal['tag'], number>

const tags: ReadonlyMap<number, Signal['tag']> = new Map(
  Object.entries(frameTypes).map(([tag, type]) => [type, tag as Signal['tag']]),
)

export function isSignalFrame(type: number): boolean {
  return tags.has(type)
}

/** Name of the field for error paths: what the sender called it. */
const roots: Partial<Record<Signal['tag'], string>> = {
  send: 'message',
  call: 'arg',
  spawn: 'arg',
  reply: 'reply',
}

export type EncodedSignal =
  | { readonly tag: 'ok'; readonly type: number; readonly body: Body }
  | EncodeError

/** The frame of a signal; `body` is borrowed from the codec. */
export function encodeSignal(codec: Codec, signal: Signal, exposeStacks: boolean): EncodedSignal {
  const type = frameTypes[signal.tag]
  const fields = fieldsOf(signal, exposeStacks)
  const root = 'reason' in signal ? 'reason' : (roots[signal.tag] ?? signal.tag)
  const result = codec.encodeBody(fields, root)
  if (result.tag === 'ok') return { tag: 'ok', type, body: result.body }
  // The path of the user's own value: not that of the field array around it.
  const path = result.path.replace(/^(\w+)\[\d+\]/, '$1')
  if (!('reason' in signal)) return { ...result, path }
  const reason = { tag: 'unsendable', path, was: result.reason }
  const retry = codec.encodeBody(fieldsOf({ ...signal, reason }, exposeStacks), 'reason')
  return retry.tag === 'ok' ? { tag: 'ok', type, body: retry.body } : retry
}

function fieldsOf(signal: Signal, exposeStacks: boolean): readonly unknown[] {
  const outward = (reason: Reason): Reason => {
    // A peer would refuse the whole signal, and nobody there would ever hear of the end.
    if (!isReason(reason)) return { tag: 'unsendable', was: show(reason) }
    return exposeStacks ? reason : withoutStack(reason)
  }
  switch (signal.tag) {
    case 'send':
      return [signal.to, signal.message]
    case 'link':
      return [signal.from, signal.to]
    case 'unlink':
    case 'unlinkAck':
      return [signal.from, signal.to, signal.id]
    case 'linkExit':
    case 'exit':
      return [signal.from, signal.to, outward(signal.reason)]
    case 'monitor':
      return [signal.ref, signal.from, signal.to]
    case 'demonitor':
    case 'cancelCall':
      return [signal.ref]
    case 'down':
    case 'callFailed':
    case 'spawnFailed':
      return [signal.ref, outward(signal.reason)]
    case 'call':
      return [signal.ref, signal.from, signal.to, signal.op, signal.arg]
    case 'reply':
      return [signal.ref, signal.value]
    case 'spawn': {
      const { ref, from, module, arg, name, link, monitor } = signal
      return [ref, from, module, arg, name, link, monitor]
    }
    case 'spawned':
      return [signal.ref, signal.pid]
  }
}

/** The signal of a frame, or undefined when its fields are not what its type demands. */
export function decodeSignal(type: number, term: unknown): Signal | undefined {
  const tag = tags.get(type)
  if (tag === undefined || !Array.isArray(term)) return undefined
  const [a, b, c, d, e, f, g]: readonly unknown[] = term
  switch (tag) {
    case 'send':
      return isAddress(a) ? { tag, to: a, message: b } : undefined
    case 'link':
      return isPid(a) && isPid(b) ? { tag, from: a, to: b } : undefined
    case 'unlink':
    case 'unlinkAck':
      return isPid(a) && isPid(b) && typeof c === 'number'
        ? { tag, from: a, to: b, id: c }
        : undefined
    case 'linkExit':
    case 'exit':
      return isPid(a) && isPid(b) && isReason(c) ? { tag, from: a, to: b, reason: c } : undefined
    case 'monitor':
      return isReference(a) && isPid(b) && isAddress(c)
        ? { tag, ref: a, from: b, to: c }
        : undefined
    case 'demonitor':
    case 'cancelCall':
      return isReference(a) ? { tag, ref: a } : undefined
    case 'down':
    case 'callFailed':
    case 'spawnFailed':
      return isReference(a) && isReason(b) ? { tag, ref: a, reason: b } : undefined
    case 'call':
      return isReference(a) && isPidOrNull(b) && isAddress(c) && typeof d === 'string'
        ? { tag, ref: a, from: b, to: c, op: d, arg: e }
        : undefined
    case 'reply':
      return isReference(a) ? { tag, ref: a, value: b } : undefined
    case 'spawn':
      return decodeSpawn(a, b, c, d, e, f, g)
    case 'spawned':
      return isReference(a) && isPid(b) ? { tag, ref: a, pid: b } : undefined
  }
}

function decodeSpawn(
  ref: unknown,
  from: unknown,
  module: unknown,
  arg: unknown,
  name: unknown,
  link: unknown,
  monitor: unknown,
): Signal | undefined {
  if (!isReference(ref) || !isPidOrNull(from) || typeof module !== 'string') return undefined
  if (name !== null && typeof name !== 'string') return undefined
  if (typeof link !== 'boolean' || typeof monitor !== 'boolean') return undefined
  return { tag: 'spawn', ref, from, module, arg, name, link, monitor }
}

function isPidOrNull(value: unknown): value is Pid | null {
  return value === null || isPid(value)
}

function isAddress(value: unknown): value is Pid | string {
  return typeof value === 'string' || isPid(value)
}
