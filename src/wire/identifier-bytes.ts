/**
 * Pids and references as extension payloads, read and checked.
 *
 *   pid        node, index, serial        reference   node, id
 *   node       00 | 01 | 02 length:u8 name:ascii creation:u32be     (`nodeForm`)
 *   numbers    unsigned LEB128, shortest form, at most 2^53 - 1
 *
 * The two short node forms stand for the sender's and the receiver's own name and creation, which
 * both ends know from the handshake: the common pid costs 5 to 10 bytes and cannot lie about them.
 */
import type { PidParts, RefParts } from '../../runtime/identifier.ts'
import type { ByteSink } from './byte-sink.ts'
import { ext, nodeForm } from './format.ts'
import type { TermSpace } from './term-space.ts'

type Node = { readonly node: string; readonly creation: number }

/** Writes a pid for the peer of `space`; without a space, with its node's name. */
export function writePid(sink: ByteSink, parts: PidParts, space: TermSpace | undefined): void {
  const form = formOf(parts, space)
  sink.extension(
    ext.pid,
    nodeSize(form, parts) + varintSize(parts.index) + varintSize(parts.serial),
  )
  writeNode(sink, form, parts)
  sink.varint(parts.index)
  sink.varint(parts.serial)
}

/** Writes a reference for the peer of `space`; without a space, with its node's name. */
export function writeReference(
  sink: ByteSink,
  parts: RefParts,
  space: TermSpace | undefined,
): void {
  const form = formOf(parts, space)
  sink.extension(ext.reference, nodeSize(form, parts) + varintSize(parts.id))
  writeNode(sink, form, parts)
  sink.varint(parts.id)
}

/** Reads a pid payload that `isIdentifierPayload` accepted. */
export function readPid(bytes: Buffer, from: number, space: TermSpace): PidParts {
  const { node, creation, next } = readNode(bytes, from, space)
  const index = readNumber(bytes, next, bytes.length)
  const serial = readNumber(bytes, next + varintSize(index), bytes.length)
  return { node, creation, index, serial }
}

/** Reads a reference payload that `isIdentifierPayload` accepted. */
export function readReference(bytes: Buffer, from: number, space: TermSpace): RefParts {
  const { node, creation, next } = readNode(bytes, from, space)
  return { node, creation, id: readNumber(bytes, next, bytes.length) }
}

/** True when `from` to `end` is a whole, well-formed payload of `code` (pid or reference). */
export function isIdentifierPayload(
  bytes: Uint8Array,
  code: number,
  from: number,
  end: number,
): boolean {
  if (from >= end) return false
  const form = bytes[from]!
  let at = from + 1
  if (form === nodeForm.named) {
    const nameEnd = from + 2 + (bytes[from + 1] ?? 0)
    at = nameEnd + 4
    if (at > end || !isNodeName(bytes, from + 2, nameEnd)) return false
  } else if (form > nodeForm.named) {
    return false
  }
  for (let left = code === ext.pid ? 2 : 1; left > 0; left -= 1) {
    const value = readNumber(bytes, at, end)
    if (value < 0) return false
    at += varintSize(value)
  }
  return at === end
}

/** The number at `at`; -1 when it is cut off, longer than needed or beyond 2^53 - 1. */
function readNumber(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  let scale = 1
  for (let pos = at; pos < end && pos < at + 8; pos += 1) {
    const byte = bytes[pos]!
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      const shortest = byte > 0 || pos === at
      return shortest && value <= Number.MAX_SAFE_INTEGER ? value : -1
    }
    scale *= 128
  }
  return -1
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1
  return size
}

function formOf(parts: Node, space: TermSpace | undefined): number {
  if (space === undefined) return nodeForm.named
  const { local, peer } = space
  if (parts.creation === local.creation && parts.node === local.name) return nodeForm.sender
  if (parts.creation === peer.creation && parts.node === peer.name) return nodeForm.receiver
  return nodeForm.named
}

function nodeSize(form: number, parts: Node): number {
  return form === nodeForm.named ? 1 + 1 + parts.node.length + 4 : 1
}

function writeNode(sink: ByteSink, form: number, parts: Node): void {
  sink.byte(form)
  if (form !== nodeForm.named) return
  sink.byte(parts.node.length)
  sink.ascii(parts.node)
  sink.uint32(parts.creation)
}

function readNode(bytes: Buffer, from: number, space: TermSpace): Node & { readonly next: number } {
  switch (bytes[from]) {
    case nodeForm.sender:
      return { node: space.peer.name, creation: space.peer.creation, next: from + 1 }
    case nodeForm.receiver:
      return { node: space.local.name, creation: space.local.creation, next: from + 1 }
    default: {
      const nameEnd = from + 2 + bytes[from + 1]!
      const node = bytes.toString('latin1', from + 2, nameEnd)
      return { node, creation: bytes.readUInt32BE(nameEnd), next: nameEnd + 4 }
    }
  }
}

/** `name@host` in the letters of a node name (spec 2.1), without making a string of it. */
function isNodeName(bytes: Uint8Array, from: number, end: number): boolean {
  let ats = 0
  let halfStart = true
  for (let pos = from; pos < end; pos += 1) {
    const byte = bytes[pos]!
    if (byte === 0x40) {
      if (halfStart) return false
      ats += 1
      halfStart = true
      continue
    }
    const letter =
      (byte >= 0x61 && byte <= 0x7a) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      (byte >= 0x30 && byte <= 0x39) ||
      byte === 0x5f
    const mark = byte === 0x2e || byte === 0x2d
    if (!letter && !(mark && !halfStart)) return false
    halfStart = false
  }
  return ats === 1 && !halfStart
}
