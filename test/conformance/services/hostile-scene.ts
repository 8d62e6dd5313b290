/**
 * Three honest nodes with names of all kinds, and a peer that is authenticated and means harm: a
 * member of the cluster, connected to one of them, that answers questions for its tables with
 * whatever it likes. Whatever it says, the parts of the victim run on as the same processes, what
 * is kept of it is bounded, and honest names come, stay and go as ever.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Pid, whereisName } from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import {
  groupMembers,
  joinGroup,
  listServices,
  members,
  registerGlobalName,
} from '../../../src/index.ts'
import { limits } from '../../../src/limits.ts'
import type { Chunk } from '../../../src/replica/table-message.ts'
import { createCodec } from '../../../src/wire/index.ts'
import { assert } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { ScriptedPeer } from '../../unit/src/dist/scripted-peer.ts'
import { nth, ServicesScene, seed } from './services-scene.ts'

export { nth, seed }

export const evil = 'evil@10.6.6.6'
/** Its names between nodes: those of the tables. */
export const tables = [
  'skein.replica.services',
  'skein.replica.skein.global',
  'skein.replica.skein.groups',
] as const
const [services] = tables
const honest = [seed, nth(1), nth(2)]
const batch = 500
const group = { team: 'red' }

export type Hlc = readonly [wallMs: number, logical: number]
/** What the peer says in one part of an answer; the rest is as it should be. */
export type Part = Partial<
  Omit<Chunk, 'tag' | 'id' | 'seq' | 'head'> & { epoch: Hlc; version: number }
>

export class HostileScene {
  readonly scene: ServicesScene
  readonly peer: ScriptedPeer
  readonly held = new Map<string, Pid>()
  readonly #codec = createCodec({
    local: { name: '', creation: 0 },
    peer: { name: '', creation: 0 },
    pid: () => undefined,
    reference: () => undefined,
  })
  #processes = ''
  #told = 0
  #round = 0

  private constructor(scene: ServicesScene, peer: ScriptedPeer) {
    this.scene = scene
    this.peer = peer
  }

  static async attack(): Promise<HostileScene> {
    const scene = await ServicesScene.with(2)
    const options = { name: evil, target: seed, flags: ['services'] }
    const peer = await ScriptedPeer.established(scene.cluster, options)
    const hostile = new HostileScene(scene, peer)
    for (const node of honest) hostile.#settle(node)
    await hostile.#becomeMember()
    hostile.#processes = hostile.#named()
    await hostile.unharmed()
    return hostile
  }

  /** Says `count` bodies to a service of the victim, which has time to read them. */
  async flood(service: string, count: number, body: (n: number) => unknown): Promise<void> {
    for (let n = 0; n < count; n++) {
      this.peer.tell(service, body(n))
      if (n % batch === batch - 1) await this.scene.cluster.pass(1)
    }
    await this.scene.cluster.pass(100)
  }

  /** Tells all, by the victim, about its own table. */
  announce(table: string, payload: unknown, n: number): void {
    const counter = n.toString(36).padStart(8, '0')
    this.peer.tell('broadcast', {
      tag: 'gossip',
      id: `${evil}/zzzzzzzz/${counter}/00000000`,
      topic: table,
      payload: this.bytes(payload),
      round: 1,
      ageMs: 0,
    })
  }

  /** A term as tables and broadcasts carry it: who is in it is named in full. */
  bytes(term: unknown): Uint8Array {
    const encoded = this.#codec.encode(term)
    if (encoded.tag === 'error') throw new Error(encoded.path)
    return encoded.bytes.slice()
  }

  /** Makes the victim ask for a table, and answers with these parts. */
  async answer(table: string, parts: Iterable<Part>): Promise<void> {
    const id = await this.asked(table)
    let seq = 0
    for (const part of parts) {
      seq += 1
      this.part(table, id, seq, part)
      if (seq % limits.replicaChunksUnheardMax === 0) await this.scene.cluster.pass(1)
    }
    await this.scene.cluster.pass(1_000)
  }

  part(table: string, id: number, seq: number, part: Part): void {
    const usual = { kind: 'entries', from: 0, first: seq === 1, last: false, end: false, ops: [] }
    const at = { epoch: [this.#round, 0], version: 1_000_000 }
    this.peer.tell(table, { tag: 'chunk', id, seq, ...usual, ...at, ...part })
  }

  /** Waits for the victim's next question about the table; its number. */
  async asked(table: string): Promise<number> {
    const { cluster } = this.scene
    this.#round += 1
    this.#told = this.peer.told.length
    this.peer.tell(table, { tag: 'heads', heads: [[evil, this.#round, 0, 1_000_000]] })
    let id: number | undefined
    await cluster.until('the victim asks', () => {
      id = this.#questions(table).at(-1)
      return id !== undefined
    })
    return id ?? 0
  }

  /** What the victim knows as services of the peer. */
  names(): number {
    return listServices(this.scene.node(seed)).filter((name) => {
      return this.scene.look(seed, name).some(({ node }) => node === evil)
    }).length
  }

  /** The victim is what it was, and what is honest comes, stays and goes. */
  async unharmed(): Promise<void> {
    const { scene } = this
    assert.is(this.#named(), this.#processes || this.#named(), 'the same processes')
    this.#round += 1
    const fresh = `fresh ${this.#round}`
    const pid = scene.register(nth(1), fresh, { round: this.#round })
    await scene.known(fresh, nth(1))
    await scene.end(nth(1), pid)
    await scene.known(fresh)
    await scene.cluster.until('all honest names are known', () => {
      return honest.every((node) => this.#knowsAll(node))
    })
  }

  /** The peer ends its connection and is down soon after, and its names go. */
  async gone(): Promise<void> {
    this.peer.connection.close(0, 'done')
    await this.scene.cluster.until('its names are gone', () => this.names() === 0)
  }

  #settle(node: string): void {
    const { scene } = this
    const [host = ''] = node.split('@')
    const pid = scene.register(node, `service ${host}`, { zone: host })
    scene.register(node, { room: host })
    this.held.set(node, pid)
    const claimed = registerGlobalName(scene.node(node), `only ${host}`, { pid })
    const joined = joinGroup(scene.node(node), group, pid)
    assert.equal([claimed.tag, joined.tag], ['ok', 'ok'])
  }

  #knowsAll(at: string): boolean {
    const { scene } = this
    const node = scene.node(at)
    const all = groupMembers(node, group)
    return [...this.held].every(([owner, pid]) => {
      const [host = ''] = owner.split('@')
      const named = [`service ${host}`, { room: host }].every((name) => {
        const found = scene.look(at, name).filter((instance) => instance.node === owner)
        return found.length === 1
      })
      const holder = whereisName(node, { tag: 'via', registry: 'global', name: `only ${host}` })
      return named && same(holder, pid) && all.some((member) => same(member, pid))
    })
  }

  async #becomeMember(): Promise<void> {
    const { scene, peer } = this
    const news = {
      ...{ tag: 'alive', node: evil, incarnation: wallMs(scene), creation: peer.creation },
      ...{ version: '', metadata: {}, left: false },
    }
    peer.tell('members', { tag: 'entries', news: [news], want: [], more: false })
    await scene.until('the peer is a member', async () => {
      const list = await members(scene.node(seed))
      return list.some(({ node, state }) => node === evil && state === 'up')
    })
  }

  #questions(table: string): readonly number[] {
    return this.peer.told.slice(this.#told).flatMap(([service, body]) => {
      const isPull = service === table && isPullBody(body)
      return isPull ? [body.id] : []
    })
  }

  /** Every process of the victim that has a name. */
  #named(): string {
    const names = [...systemOf(this.scene.node(seed)).names]
    return names
      .map(([name, { pid }]) => `${name} ${String(pid)}`)
      .sort()
      .join('\n')
  }
}

export function wallMs(scene: ServicesScene): number {
  return systemOf(scene.node(seed)).platform.clock.wallMs()
}

/** Bytes of the heap in use, with nothing left to collect. */
export async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const gc: () => void = runInNewContext('gc')
  // What is held weakly is let go of a turn later.
  for (let turns = 0; turns < 3; turns++) {
    await turn()
    gc()
  }
  return process.memoryUsage().heapUsed
}

/** So many entries that none has heard of, each for a process of its own. */
export function* tinyEntries(hostile: HostileScene, count: number): Generator<Part> {
  const per = limits.replicaChunkOpsMax
  for (let at = 0; at < count; at += per) {
    const ops = Array.from({ length: Math.min(per, count - at) }, (_, i) => {
      return [`n${at + i}`, hostile.bytes([hostile.peer.pid(at + i + 1)])] as const
    })
    const last = at + per >= count
    yield { first: at === 0, ops, last, end: last }
  }
}

function same(a: Pid | undefined, b: Pid): boolean {
  return a !== undefined && String(a) === String(b)
}

function isPullBody(body: unknown): body is { readonly id: number } {
  const isTagged = typeof body === 'object' && body !== null && 'tag' in body && 'id' in body
  return isTagged && body.tag === 'pull' && typeof body.id === 'number'
}

export { services }
