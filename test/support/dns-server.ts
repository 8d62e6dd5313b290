/**
 * A DNS server on loopback for tests of resolvers: it answers by a function, with any bytes at all,
 * right or wrong. Only what such tests need of RFC 1035 is here.
 */
import { createSocket, type Socket } from 'node:dgram'
import { cleanup } from './harness.ts'

export const dnsType = { a: 1, txt: 16, aaaa: 28, srv: 33 } as const

export type DnsQuestion = { readonly name: string; readonly type: number }
/** One record of an answer: any type, any bytes. */
export type DnsRecord = { readonly type: number; readonly data: Uint8Array }
export type DnsReply =
  | { readonly code: number; readonly records: readonly DnsRecord[] }
  /** These bytes, behind the identifier of the query. */
  | { readonly raw: Uint8Array }
  /** No reply. */
  | undefined

const headerBytes = 12
const internet = 1

/** Listens until the present test is over. Gives `host:port`, and every question it was asked. */
export async function dnsServer(
  reply: (question: DnsQuestion) => DnsReply,
): Promise<{ readonly server: string; readonly asked: DnsQuestion[] }> {
  const socket = createSocket('udp4')
  const asked: DnsQuestion[] = []
  socket.on('message', (query, from) => {
    const question = questionOf(query)
    asked.push(question)
    const answer = encode(query, reply(question))
    if (answer !== undefined) socket.send(answer, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  cleanup(() => closed(socket))
  return { server: `127.0.0.1:${socket.address().port}`, asked }
}

export function aRecord(address: string): DnsRecord {
  return { type: dnsType.a, data: Uint8Array.from(address.split('.').map(Number)) }
}

export function srvRecord(port: number, target: string, priority = 0, weight = 0): DnsRecord {
  const fixed = Buffer.alloc(6)
  fixed.writeUInt16BE(priority, 0)
  fixed.writeUInt16BE(weight, 2)
  fixed.writeUInt16BE(port, 4)
  return { type: dnsType.srv, data: Buffer.concat([fixed, nameBytes(target)]) }
}

function questionOf(query: Buffer): DnsQuestion {
  const labels: string[] = []
  let at = headerBytes
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size))
    at += 1 + size
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1) }
}

function encode(query: Buffer, reply: DnsReply): Buffer | undefined {
  if (reply === undefined) return undefined
  if ('raw' in reply) return Buffer.concat([query.subarray(0, 2), reply.raw])
  const question = query.subarray(headerBytes, query.indexOf(0, headerBytes) + 5)
  const header = Buffer.alloc(headerBytes)
  query.copy(header, 0, 0, 2)
  // A response, recursion desired and available.
  header.writeUInt16BE(0x8180 | reply.code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(reply.records.length, 6)
  const records = reply.records.map(({ type, data }) => {
    // The name is that of the question.
    const fixed = Buffer.alloc(headerBytes)
    fixed.writeUInt16BE(0xc000 | headerBytes, 0)
    fixed.writeUInt16BE(type, 2)
    fixed.writeUInt16BE(internet, 4)
    fixed.writeUInt16BE(data.length, 10)
    return Buffer.concat([fixed, data])
  })
  return Buffer.concat([header, question, ...records])
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  const parts = labels.map((label) =>
    Buffer.from(String.fromCharCode(label.length) + label, 'latin1'),
  )
  return Buffer.concat([...parts, Buffer.of(0)])
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}
