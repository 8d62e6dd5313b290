/**
 * A peer that is authenticated, and a member for the seed, and says what it likes in a table of its
 * own.
 */
import { Broadcasting } from '../../../../src/broadcast/index.ts'
import { partOf } from '../../../../src/dist/index.ts'
import { ScriptedPeer } from '../dist/scripted-peer.ts'
import { wallMs } from '../members/hostile-scene.ts'
import { type OverlayScene, seed } from '../membership/overlay-scene.ts'

export const liarName = 'evil@10.6.6.6'

export class Liar {
  readonly peer: ScriptedPeer
  readonly #scene: OverlayScene

  private constructor(scene: OverlayScene, peer: ScriptedPeer) {
    this.#scene = scene
    this.peer = peer
  }

  static async in(scene: OverlayScene): Promise<Liar> {
    const options = { name: liarName, target: seed, flags: ['services'] }
    const peer = await ScriptedPeer.established(scene.cluster, options)
    const news = {
      tag: 'alive',
      node: liarName,
      incarnation: wallMs(scene),
      creation: peer.creation,
      version: '',
      metadata: {},
      left: false,
    }
    peer.tell('members', { tag: 'entries', news: [news], want: [], more: false })
    await scene.cluster.pass(100)
    return new Liar(scene, peer)
  }

  /** The seed asks for its table and is given these entries. */
  async says(table: string, entries: Readonly<Record<string, unknown>>): Promise<void> {
    const service = `skein.replica.${table}`
    const epoch = [wallMs(this.#scene), 0] as const
    this.peer.told.length = 0
    this.peer.tell(service, { tag: 'heads', heads: [[liarName, ...epoch, 5]] })
    await this.#scene.cluster.until('it is asked', () => this.#asked(service) !== undefined)
    const ops = Object.entries(entries).map(([key, value]) => [key, this.#encoded(value)])
    const part = { id: this.#asked(service), seq: 1, kind: 'entries', epoch, version: 5, from: 0 }
    this.peer.tell(service, { tag: 'chunk', ...part, first: true, last: true, end: true, ops })
    await this.#scene.cluster.pass(100)
  }

  /** What was told to a service of its, oldest first. */
  heard(service: string): unknown[] {
    return this.peer.told.flatMap(([to, body]) => (to === service ? [body] : []))
  }

  #asked(service: string): unknown {
    const pull = this.heard(service).findLast(
      (body) => typeof body === 'object' && body !== null && 'tag' in body && body.tag === 'pull',
    )
    return typeof pull === 'object' && pull !== null && 'id' in pull ? pull.id : undefined
  }

  #encoded(value: unknown): Uint8Array {
    const encoded = partOf(this.#scene.node(seed), Broadcasting)?.codec.encode(value)
    if (encoded?.tag !== 'ok') throw new Error('not to be encoded')
    return encoded.bytes.slice()
  }
}
