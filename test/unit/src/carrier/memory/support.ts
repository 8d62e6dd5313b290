/** A memory network in a world of its own, with two nodes on two hosts. */
import { simPlatform, World } from '../../../../../runtime/platform/sim.ts'
import type { Address, Endpoint } from '../../../../../src/carrier/carrier.ts'
import {
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from '../../../../../src/carrier/memory/index.ts'
import { ConnectionWitness, Court } from '../../../../../src/testing/carrier-witness.ts'
import { turn, untilIn } from '../../../../support/until.ts'

export type Node = { readonly endpoint: Endpoint; readonly accepted: ConnectionWitness[] }

export type Scene = {
  readonly world: World
  readonly network: MemoryNetwork
  readonly court: Court
  open(host: string, port?: number, enter?: (step: () => void) => void): Promise<Node>
  until(what: string, condition: () => boolean): Promise<void>
  /** Lets everything happen that is due within `ms`. */
  pass(ms: number): Promise<void>
  dial(from: Node, to: Address): Promise<ConnectionWitness>
  /** A connection from a node on host `a` to one on host `b`. */
  connect(): Promise<{ a: Node; b: Node; near: ConnectionWitness; far: ConnectionWitness }>
}

export function scene(seed: number, options: Partial<MemoryNetworkOptions> = {}): Scene {
  const world = new World(seed)
  const platform = simPlatform(world)
  const network = memoryNetwork({ platform, ...options })
  const court = new Court()
  const until: Scene['until'] = (what, condition) => untilIn(world, what, condition)
  const open: Scene['open'] = async (host, port = 1, enter) => {
    const accepted: ConnectionWitness[] = []
    const opened = await network.carrier({ host, port }, enter).open({
      platform,
      // The memory carrier looks at nothing but the bytes of the certificate.
      tls: { certPem: '', keyPem: '', certDer: new TextEncoder().encode(`${host}:${port}`) },
      onConnection: (connection) => accepted.push(new ConnectionWitness(connection, court)),
    })
    if (opened.tag === 'error') throw new Error(opened.message)
    return { endpoint: opened.endpoint, accepted }
  }
  const dial: Scene['dial'] = async (from, to) => {
    let witness: ConnectionWitness | undefined
    let failed = ''
    from.endpoint.dial(to, 60_000).then((result) => {
      if (result.tag === 'ok') witness = new ConnectionWitness(result.connection, court)
      else failed = result.message
    })
    await until('the dial is answered', () => witness !== undefined || failed !== '')
    if (witness === undefined) throw new Error(failed)
    return witness
  }
  return {
    world,
    network,
    court,
    open,
    until,
    dial,
    async pass(ms) {
      const endMs = world.nowMs + ms
      await turn()
      while (world.advance(endMs)) await turn()
    },
    async connect() {
      const [a, b] = [await open('a'), await open('b')]
      const near = await dial(a, b.endpoint.address)
      await until('it is accepted', () => b.accepted.length === 1)
      return { a, b, near, far: b.accepted[0]! }
    },
  }
}
