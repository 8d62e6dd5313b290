/**
 * Nodes that quarrel about one name, as a model: each has its own claim and copies of the others',
 * which come late but never go back; questions and answers are lost or come in any order. What a
 * schedule does not do is done in the end.
 */
import { Pid } from '../../../../../runtime/identifier.ts'
import type { Hlc } from '../../../../../src/hlc/index.ts'
import { type Claimed, compareClaims } from '../../../../../src/services/global/claim.ts'
import {
  type ConflictVerdict,
  type Dispute,
  type DisputeAction,
  type DisputeEvent,
  stepDispute,
} from '../../../../../src/services/global/dispute.ts'

export type Draw = {
  /** Registration times by node; a node without one has no claim at first. */
  readonly since: readonly (number | undefined)[]
  /** What the resolvers say, in turn, over and over. */
  readonly verdicts: readonly ConflictVerdict[]
  /** Steps in the drawn order. */
  readonly steps: readonly Step[]
}

export type Step =
  /** Node `to` hears what `from` has said next, if there is more. */
  | { readonly tag: 'copy'; readonly to: number; readonly from: number }
  /** A question or an answer under way arrives, or is lost. */
  | { readonly tag: 'message'; readonly at: number; readonly lost: boolean }
  /** A resolver gives its verdict. */
  | { readonly tag: 'verdict'; readonly node: number }
  /** The process a node has stopped ends. */
  | { readonly tag: 'end'; readonly node: number }
  /** A process ends by itself. */
  | { readonly tag: 'die'; readonly node: number }

type Claim = Claimed | undefined
type Message = { readonly from: number; readonly to: number; readonly claim: Claimed } & (
  | { readonly tag: 'ask' }
  | { readonly tag: 'answer'; readonly holds: boolean }
)

class Member {
  readonly at: number
  readonly name: string
  /** All that this node has said, the newest last. */
  readonly said: Claim[] = []
  /** How much of what the others said has been heard. */
  readonly heard: number[]
  dispute: Dispute | undefined
  isResolving = false
  isStopped = false

  constructor(at: number, nodes: number) {
    this.at = at
    this.name = `n${at}@h`
    this.heard = Array.from({ length: nodes }, () => 0)
  }

  get claim(): Claim {
    return this.said.at(-1)
  }
}

export class Quarrel {
  readonly nodes: readonly Member[]
  readonly #draw: Draw
  readonly #messages: Message[] = []
  #verdicts = 0
  /** Fewest that had the name at any time. */
  fewest: number
  /** How many were stopped, or gave the name up. */
  lost = 0

  constructor(draw: Draw) {
    this.#draw = draw
    this.nodes = draw.since.map((_, at) => new Member(at, draw.since.length))
    draw.since.forEach((wallMs, at) => {
      if (wallMs !== undefined) this.#say(at, newClaim(at, { wallMs, logical: 0 }))
    })
    this.fewest = this.holders.length
  }

  /** Who has the name, each as its own node knows. */
  get holders(): readonly Claimed[] {
    return this.nodes.flatMap(({ claim }) => (claim === undefined ? [] : [claim]))
  }

  /** Whom each node would name. */
  get answers(): readonly (Pid | undefined)[] {
    return this.nodes.map((node) => this.#view(node)[0]?.pid)
  }

  run(): void {
    for (const step of this.#draw.steps) this.#take(step)
    this.settle()
  }

  /** Everything that is under way comes to its end. */
  settle(): void {
    for (let round = 0; round < 200; round++) {
      const before = this.#shown()
      this.nodes.forEach((_, to) => {
        this.nodes.forEach((_, from) => {
          while (this.#copy(to, from));
        })
      })
      while (this.#messages.length > 0) this.#message(0, false)
      for (const { at } of this.nodes) {
        this.#verdict(at)
        this.#end(at)
        this.#happened(at, { tag: 'unanswered' })
      }
      if (this.#messages.length === 0 && this.#shown() === before) return
    }
    throw new Error('the quarrel does not end')
  }

  #take(step: Step): void {
    if (step.tag === 'copy') this.#copy(step.to, step.from)
    else if (step.tag === 'message') this.#message(step.at, step.lost)
    else if (step.tag === 'verdict') this.#verdict(step.node)
    else if (step.tag === 'end') this.#end(step.node)
    else if (this.#at(step.node).claim !== undefined) this.#say(step.node, undefined)
  }

  #copy(toAt: number, fromAt: number): boolean {
    const [to, from] = [this.#at(toAt), this.#at(fromAt)]
    const heard = to.heard[from.at] ?? 0
    if (to === from || heard >= from.said.length) return false
    to.heard[from.at] = heard + 1
    this.#happened(to.at, { tag: 'look' })
    return true
  }

  #message(at: number, lost: boolean): void {
    if (this.#messages.length === 0) return
    const [message] = this.#messages.splice(at % this.#messages.length, 1)
    if (message === undefined || lost) return
    const { from, to, claim } = message
    if (message.tag === 'answer') {
      this.#happened(to, { tag: 'answer', winner: claim, holds: message.holds })
      return
    }
    const own = this.#at(to).claim
    const holds = own !== undefined && own.pid === claim.pid && own.rank >= claim.rank
    this.#messages.push({ tag: 'answer', from: to, to: from, claim, holds })
  }

  #verdict(at: number): void {
    const node = this.#at(at)
    if (!node.isResolving) return
    node.isResolving = false
    const { verdicts } = this.#draw
    const verdict = verdicts[this.#verdicts++ % verdicts.length] ?? 'stop'
    this.#happened(node.at, { tag: 'verdict', verdict })
  }

  #end(at: number): void {
    const node = this.#at(at)
    if (!node.isStopped) return
    node.isStopped = false
    if (node.claim !== undefined) this.#leave(node)
  }

  #happened(at: number, event: DisputeEvent): void {
    const node = this.#at(at)
    const [dispute, actions] = stepDispute(node.dispute, event, {
      claims: this.#view(node),
      self: node.name,
    })
    node.dispute = dispute
    for (const action of actions) this.#perform(node, action)
  }

  #perform(node: Member, action: DisputeAction): void {
    if (action.tag === 'ask') {
      const to = this.nodes.findIndex(({ name }) => name === action.winner.node)
      this.#messages.push({ tag: 'ask', from: node.at, to, claim: action.winner })
    } else if (action.tag === 'resolve') node.isResolving = true
    else if (action.tag === 'abandon') node.isResolving = false
    else if (action.tag === 'stop') node.isStopped = true
    else if (action.tag === 'release') this.#leave(node)
    else if (action.tag === 'raise' && node.claim !== undefined) {
      this.#say(node.at, { ...node.claim, rank: action.rank })
    } else if (action.tag === 'sync') {
      const from = this.nodes.findIndex(({ name }) => name === action.node)
      while (this.#copy(node.at, from));
    }
  }

  #leave(node: Member): void {
    this.lost += 1
    this.#say(node.at, undefined)
    this.fewest = Math.min(this.fewest, this.holders.length)
  }

  #say(at: number, claim: Claim): void {
    this.#at(at).said.push(claim)
    this.#happened(at, { tag: 'look' })
  }

  #view(node: Member): Claimed[] {
    const claims = this.nodes.map((other) =>
      other === node ? other.claim : other.said[(node.heard[other.at] ?? 0) - 1],
    )
    return claims.flatMap((claim) => (claim === undefined ? [] : [claim])).sort(compareClaims)
  }

  #at(at: number): Member {
    const node = this.nodes[at % this.nodes.length]
    if (node === undefined) throw new Error('no nodes')
    return node
  }

  #shown(): string {
    const shown = ({ said, dispute, isResolving, isStopped }: Member) =>
      [said.length, dispute?.phase, isResolving, isStopped].join()
    return this.nodes.map(shown).join(';')
  }
}

export function newClaim(at: number, since: Hlc, rank = 0): Claimed {
  const node = `n${at}@h`
  const pid = new Pid({ node, creation: 1, index: at, serial: 1 })
  return { name: 'name', pid, since, rank, node }
}
