/**
 * Bugs to plant in a run, to prove that the checkers see them: the real code is patched from
 * outside for the length of one run, and restored. Nothing in src/ knows of it.
 */
import type { PidParts, Signal } from '../../runtime/kernel.ts'
import { Topics } from '../../src/broadcast/topics.ts'
import { MemoryStream } from '../../src/carrier/memory/stream.ts'
import { streamKind } from '../../src/dist/protocol.ts'
import { Router } from '../../src/dist/router.ts'
import { Services } from '../../src/dist/services.ts'
import { Disk } from '../../src/testing/disk.ts'

/** What becomes of a signal on its way out; its `nth` of its kind, from 1. */
export type Fate = 'pass' | 'drop' | 'twice'

/** Every signal that leaves a node passes `fate`. Returns how to stop it. */
export function tamperSignals(fate: (signal: Signal, nth: number) => Fate | Signal): () => void {
  const seen = new Map<string, number>()
  const { deliver } = Router.prototype
  Router.prototype.deliver = function (node, sender, signal): boolean {
    const nth = (seen.get(signal.tag) ?? 0) + 1
    seen.set(signal.tag, nth)
    const what = fate(signal, nth)
    if (what === 'drop') return true
    const taken = deliver.call(this, node, sender, typeof what === 'string' ? signal : what)
    return what === 'twice' ? deliver.call(this, node, sender, signal) : taken
  }
  return () => {
    Router.prototype.deliver = deliver
  }
}

/**
 * Writes of data streams, each of which holds whole frames, pass `fate`: how a carrier would break
 * the order. A swapped write leaves after the next one.
 */
export function tamperWrites(
  fate: (nth: number) => 'pass' | 'drop' | 'twice' | 'swap',
): () => void {
  const { write } = MemoryStream.prototype
  const data = new WeakSet<MemoryStream>()
  const held = new WeakMap<MemoryStream, Uint8Array>()
  let count = 0
  MemoryStream.prototype.write = function (bytes: Uint8Array): boolean {
    const first = bytes.length === 1 && bytes[0] === streamKind.data
    if (first && this.kind === 'uni') data.add(this)
    if (first || !data.has(this)) return write.call(this, bytes)
    count += 1
    const what = fate(count)
    if (what === 'drop') return true
    const late = held.get(this)
    held.delete(this)
    if (what === 'swap' && late === undefined) {
      held.set(this, bytes)
      return true
    }
    const open = write.call(this, bytes)
    if (what === 'twice') write.call(this, bytes)
    return late === undefined ? open : write.call(this, late)
  }
  return () => {
    MemoryStream.prototype.write = write
  }
}

/** A node that has lost a channel sends the last signal of the old one again on the next. */
export function resendAfterLoss(): () => void {
  const { deliver, up } = Router.prototype
  const last = new WeakMap<Router, Map<string, [PidParts | null, Signal]>>()
  Router.prototype.deliver = function (node, sender, signal): boolean {
    const taken = deliver.call(this, node, sender, signal)
    if (signal.tag !== 'send') return taken
    const signals = last.get(this) ?? new Map()
    last.set(this, signals.set(node, [sender, signal]))
    return taken
  }
  Router.prototype.up = function (channel, connection): boolean {
    const old = last.get(this)?.get(channel.node)
    const isUp = up.call(this, channel, connection)
    if (isUp && old !== undefined) deliver.call(this, channel.node, ...old)
    return isUp
  }
  return () => {
    Object.assign(Router.prototype, { deliver, up })
  }
}

/** Disks confirm what they have not synced. */
export function forgetToSync(): () => void {
  const { sync } = Disk.prototype
  Disk.prototype.sync = () => ({ tag: 'ok' })
  return () => {
    Disk.prototype.sync = sync
  }
}

/** A file is written in its place instead of beside it: confirmed or not, a crash tears it. */
export function writeInPlace(): () => void {
  const { write } = Disk.prototype
  Disk.prototype.write = async function (path, bytes, mode) {
    await write.call(this, path, bytes.subarray(0, bytes.length >> 1), mode)
    return write.call(this, path, bytes, mode)
  }
  return () => {
    Disk.prototype.write = write
  }
}

/** What parts of the cluster send each other passes `fate`, by its tag; its `nth`, from 1. */
export function tamperServices(
  fate: (service: string, tag: string, nth: number) => 'pass' | 'drop',
): () => void {
  const { tell } = Services.prototype
  let count = 0
  Services.prototype.tell = function (node, service, body) {
    count += 1
    return fate(service, tagOf(body), count) === 'drop'
      ? 'sent'
      : tell.call(this, node, service, body)
  }
  return () => {
    Services.prototype.tell = tell
  }
}

/** Of a message in its envelope too. */
function tagOf(body: unknown): string {
  const inner: unknown = Array.isArray(body) ? body[0] : body
  const isTagged = typeof inner === 'object' && inner !== null && 'tag' in inner
  return isTagged ? String(inner.tag) : ''
}

/** One in so many broadcasts is told to its subscribers twice. */
export function deliverTwice(oneIn: number): () => void {
  const { tell } = Topics.prototype
  let count = 0
  Topics.prototype.tell = function (message: { readonly topic: string }) {
    tell.call(this, message)
    count += 1
    if (count % oneIn === 0) tell.call(this, message)
  }
  return () => {
    Topics.prototype.tell = tell
  }
}
