/** Nodes of a cluster in virtual time, with processes that have names in it. */
import {
  type NameTerm,
  type Pid,
  process,
  type Reason,
  type Self,
  spawn,
} from '../../../runtime/index.ts'
import {
  type Instance,
  listServices,
  lookupService,
  type NodeOptions,
  registerService,
  type ServiceMetadata,
} from '../../../src/index.ts'
import { type Ear, nth, OverlayScene, seed } from '../../unit/src/membership/overlay-scene.ts'

export { nth, seed }

const Holder = process('fixture.holder', async (self) => {
  for (;;) await self.receive()
})

export class ServicesScene extends OverlayScene {
  static async with(others: number, options: Partial<NodeOptions> = {}): Promise<ServicesScene> {
    const scene = new ServicesScene()
    await scene.start(seed, options)
    for (let at = 1; at <= others; at++) await scene.start(nth(at), options)
    await scene.agreed()
    return scene
  }

  holder(node: string): Pid {
    return spawn(this.node(node), Holder)
  }

  /** A process of the node takes the name. */
  register(node: string, name: NameTerm, metadata: ServiceMetadata = {}): Pid {
    const pid = this.holder(node)
    const registered = registerService(this.node(node), name, { pid, metadata })
    if (registered.tag === 'error') throw new Error(`${node}: ${JSON.stringify(registered)}`)
    return pid
  }

  end(node: string, pid: Pid, reason: Reason = 'kill'): Promise<void> {
    return this.cluster.run(this.node(node), (self: Self) => {
      self.exit(pid, reason)
    })
  }

  look(node: string, name: NameTerm): readonly Instance[] {
    return lookupService(this.node(node), name)
  }

  /** Every node knows the name as the process of exactly these. */
  known(name: NameTerm, ...holders: string[]): Promise<void> {
    const what = `${JSON.stringify(name)} is had by ${holders.join(', ') || 'nobody'}`
    const wanted = [...holders].sort().join()
    return this.cluster.until(what, () =>
      [...this.nodes.keys()].every((node) => {
        const found = this.look(node, name).map((instance) => instance.node)
        return found.sort().join() === wanted
      }),
    )
  }

  list(node: string): readonly NameTerm[] {
    return listServices(this.node(node))
  }
}

/** The events of a name, as `tag`, the node's name, and the reason. */
export function toldOf({ heard }: Ear, name: string): string[] {
  return heard
    .filter((event) => event.name === name)
    .map(({ tag, node, reason }) => {
      const host = String(node).split('@')[0]
      return reason === undefined ? `${tag} ${host}` : `${tag} ${host} ${JSON.stringify(reason)}`
    })
}
