/**
 * A member of the cluster that means harm to names: its own table holds whatever it likes. Names
 * that are none, and processes of others, are left out; what is taken goes with it; the names of
 * honest nodes stay, and the processes of the victim run on.
 */
import type { Pid } from '../../../../../runtime/index.ts'
import { systemOf } from '../../../../../runtime/kernel.ts'
import { Broadcasting } from '../../../../../src/broadcast/index.ts'
import { partOf } from '../../../../../src/dist/index.ts'
import { subscribeServices } from '../../../../../src/index.ts'
import { nth, ServicesScene, seed } from '../../../../conformance/services/services-scene.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { ScriptedPeer } from '../../dist/scripted-peer.ts'
import { wallMs } from '../../members/hostile-scene.ts'

const test = suite('hostile to names')

const evil = 'evil@10.6.6.6'
const n1 = nth(1)
const replica = 'skein.replica.services'
const epoch = [1_800_000_000_000, 0] as const

class Attack {
  readonly scene: ServicesScene
  readonly peer: ScriptedPeer
  readonly honest: Pid
  readonly #processes: unknown
  #version = 1

  constructor(scene: ServicesScene, peer: ScriptedPeer, honest: Pid) {
    this.scene = scene
    this.peer = peer
    this.honest = honest
    this.#processes = this.#running()
  }

  /** Two honest nodes, of which one has `db`, and a peer that is a member for the seed. */
  static async begin(): Promise<Attack> {
    const scene = await ServicesScene.with(1)
    const honest = scene.register(seed, 'db')
    scene.register(n1, 'web')
    await scene.known('db', seed)
    await scene.known('web', n1)
    const options = { name: evil, target: seed, flags: ['services'] }
    const peer = await ScriptedPeer.established(scene.cluster, options)
    const self = { node: evil, incarnation: wallMs(scene), creation: peer.creation }
    const news = [{ tag: 'alive', ...self, version: '', metadata: {}, left: false }]
    peer.tell('members', { tag: 'entries', news, want: [], more: false })
    await scene.cluster.pass(100)
    return new Attack(scene, peer, honest)
  }

  /** A process of `node`, which need not be there. */
  pid(node: string, index = 1): Pid {
    const parts = { node, creation: this.peer.creation, index, serial: 1 }
    const pid = systemOf(this.scene.node(seed)).pidFor(parts)
    if (pid === undefined) throw new Error('no room for a pid')
    return pid
  }

  /** Its table, all of it: entries by key. */
  async say(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void> {
    const { peer, scene } = this
    this.#version += 1
    const asked = this.#pulls().length
    peer.tell(replica, { tag: 'heads', heads: [[evil, ...epoch, this.#version]] })
    await scene.cluster.until('it is asked', () => this.#pulls().length > asked)
    const id = this.#pulls().at(-1)
    const ops = entries.map(([key, value]) => [key, this.#term(value)])
    const part = { id, seq: 1, kind: 'entries', epoch, version: this.#version, from: 0, ops }
    peer.tell(replica, { tag: 'chunk', ...part, first: true, last: true, end: true })
    await scene.cluster.pass(200)
  }

  malformed(): number {
    return this.scene.counted(seed, 'skein.registry.malformed')
  }

  async unharmed(): Promise<void> {
    const { scene } = this
    assert.equal(this.#running(), this.#processes)
    assert.is(scene.look(seed, 'db')[0]?.pid, this.honest)
    const later = scene.register(n1, 'later')
    await scene.known('later', n1)
    await scene.end(n1, later)
    await scene.known('later')
  }

  #running(): unknown {
    return [replica, 'skein.services'].map((name) => this.scene.process(seed, name).pid)
  }

  #pulls(): unknown[] {
    return this.peer.told.flatMap(([service, body]) => {
      const isPull =
        service === replica &&
        typeof body === 'object' &&
        body !== null &&
        'tag' in body &&
        body.tag === 'pull' &&
        'id' in body
      return isPull ? [body.id] : []
    })
  }

  #term(value: unknown): Uint8Array {
    const encoded = partOf(this.scene.node(seed), Broadcasting)?.codec.encode(value)
    if (encoded?.tag !== 'ok') throw new Error('not to be encoded')
    return encoded.bytes.slice()
  }
}

test('what is no value or no name is left out, the others are taken', async () => {
  const attack = await Attack.begin()
  const { scene } = attack
  const pid = attack.pid(evil)
  const ear = await scene.hear(seed, (self) => subscribeServices(self, (name) => name !== 'later'))
  await attack.say([
    ['snull', null],
    ['snone', []],
    ['sfour', [pid, {}, 'x', 1]],
    ['stext', ['<evil@10.6.6.6.1.1.1>']],
    ['smeta', [pid, 'text']],
    ['smap', [pid, new Map()]],
    ['', [pid]],
    ['s', [pid]],
    [`s${'x'.repeat(256)}`, [pid]],
    ['x1', [pid]],
    ['nInfinity', [pid]],
    ['t', [pid, {}, { room: 1 }]],
    ['tjunk', [pid, {}, { room: 1 }]],
    ['sgood', [pid, { zone: 1 }]],
  ])
  assert.is(attack.malformed(), 7)
  assert.equal(scene.list(seed), ['db', 'good', 'web'])
  assert.equal(
    ear.heard.map(({ tag, name }) => [tag, name]),
    [['serviceRegistered', 'good']],
  )
  await attack.unharmed()
})

test('processes of the victim and of others are not given names', async () => {
  const attack = await Attack.begin()
  const { scene } = attack
  await attack.say([
    ['sstolen', [attack.honest]],
    ['sforged', [attack.pid(n1)]],
    ['sdb', [attack.honest, { mine: true }]],
  ])
  assert.is(attack.malformed(), 3)
  assert.equal(scene.list(seed), ['db', 'web'])
  assert.equal(scene.look(seed, 'db')[0]?.metadata, {})
  await attack.unharmed()
})

test('a name that it has too stands behind the own one, and goes with it', async () => {
  const attack = await Attack.begin()
  const { scene, peer } = attack
  await attack.say([
    ['sdb', [attack.pid(evil)]],
    ['sweb', [attack.pid(evil)]],
  ])
  assert.equal(
    scene.look(seed, 'db').map(({ node }) => node),
    [seed, evil],
  )
  await attack.unharmed()
  peer.connection.close(0, 'gone')
  await scene.cluster.until('it is gone', () => scene.look(seed, 'web').length === 1)
  assert.equal(
    scene.look(seed, 'db').map(({ node }) => node),
    [seed],
  )
  await attack.unharmed()
})

test('large metadata and names with hostile keys are only data', async () => {
  const attack = await Attack.begin()
  const { scene } = attack
  const pid = attack.pid(evil)
  const names = ['constructor', 'toString', 'hasOwnProperty', '../..', 'a'.repeat(255)]
  await attack.say([
    ['slarge', [pid, { text: 'x'.repeat(30_000) }]],
    ...names.map((name) => [`s${name}`, [pid, { constructor: 1, toString: 'x' }]] as const),
  ])
  assert.equal(scene.list(seed), ['db', 'large', 'web', ...names].sort())
  assert.is(String(scene.look(seed, 'large')[0]?.metadata.text).length, 30_000)
  await attack.unharmed()
})

test('reasons it gives are only told', async () => {
  const attack = await Attack.begin()
  const { scene } = attack
  await attack.say([['sx', [attack.pid(evil)]]])
  const ear = await scene.hear(seed, (self) => subscribeServices(self, { name: 'x' }))
  await attack.say([])
  assert.equal(
    ear.heard.map(({ tag }) => tag),
    ['serviceUnregistered'],
  )
  assert.equal(scene.list(seed), ['db', 'web'])
  await attack.unharmed()
})

test.run()
