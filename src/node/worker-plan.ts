/**
 * The plan of a team of workers: who knows whom, with which key and under which address. Every
 * worker knows the node that starts it and all the others, and connects with those before it, so
 * that no two of them dial each other at once.
 */
import type { Address } from '../carrier/carrier.ts'
import type { WorkerLink } from '../carrier/worker/index.ts'
import type { Keypair } from '../identity/index.ts'
import type { WorkerTask } from './worker-main.ts'

export type TeamMember = {
  readonly name: string
  readonly address: Address
  readonly keypair: Keypair
  readonly certDer: Uint8Array
}

export type TeamPlan = {
  /** The node that starts the workers. */
  readonly leader: Pick<WorkerTask['peers'][number], 'name' | 'address' | 'publicKey'>
  readonly members: readonly TeamMember[]
  /** Links of the leader, then of each member. */
  readonly links: readonly (readonly WorkerLink[])[]
  readonly program: URL
  readonly inherited: WorkerTask['inherited']
}

/** The tasks of the members, in their order. */
export function tasksOf(plan: TeamPlan): readonly WorkerTask[] {
  const { leader, members, links, program, inherited } = plan
  const peers = members.map(({ name, address, keypair: { publicKey } }) => ({
    name,
    address,
    publicKey,
  }))
  return members.map(({ name, address, keypair, certDer }, at) => ({
    name,
    address,
    keypair,
    certDer,
    program: program.href,
    links: links[at + 1] ?? [],
    peers: [leader, ...peers.filter((peer) => peer.name !== name)],
    connects: [leader.name, ...peers.slice(0, at).map((peer) => peer.name)],
    inherited,
  }))
}
