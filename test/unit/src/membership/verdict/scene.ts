/**
 * Some nodes with nothing but their verdict rules, and a world that carries what they ask for: a
 * clock, timers, channels, broadcasts that reach whoever can be reached. Messages are decoded on
 * arrival, as in a node. Latency is 1 ms; who is cut off neither hears nor is heard.
 */
import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import {
  timerKey,
  type VerdictAction,
  type VerdictEnv,
  type VerdictEvent,
} from '../../../../../src/membership/verdict/event.ts'
import { livenessOf } from '../../../../../src/membership/verdict/member.ts'
import { decodeNews, decodeVerdict } from '../../../../../src/membership/verdict/message.ts'
import {
  type VerdictOptions,
  verdictOptions,
} from '../../../../../src/membership/verdict/options.ts'
import { memberList, stepVerdict } from '../../../../../src/membership/verdict/rule.ts'
import { newVerdict, type VerdictState } from '../../../../../src/membership/verdict/state.ts'

export const wallStartMs = 1_700_000_000_000

type Due = { readonly atMs: number; readonly seq: number; readonly run: () => void }

export class Scene {
  nowMs = 1_000
  readonly states = new Map<string, VerdictState>()
  readonly cutOff = new Set<string>()
  /** `node tag ...` of what members were told to be, and of counts. */
  readonly log: string[] = []
  /** Everything every node asked for. */
  readonly actions: { readonly node: string; readonly action: VerdictAction }[] = []
  readonly #options: VerdictOptions
  readonly #random = seededRandom(7)
  readonly #timers = new Map<string, Due>()
  #due: Due[] = []
  #seq = 0

  constructor(options: Partial<VerdictOptions> = {}) {
    this.#options = verdictOptions(options)
  }

  start(node: string, creation = 1, wallMs = wallStartMs): void {
    const described = { version: '1', metadata: { zone: node.slice(0, 1) } }
    this.states.set(node, newVerdict({ self: node, creation, wallMs, ...described }))
    this.tell(node, { tag: 'start' })
  }

  /** Every two of them are active peers. */
  mesh(nodes: readonly string[]): void {
    for (const a of nodes) for (const b of nodes) if (a < b) this.link(a, b)
  }

  link(a: string, b: string): void {
    this.tell(a, { tag: 'peerUp', node: b })
    this.tell(b, { tag: 'peerUp', node: a })
  }

  /** The channel between two peers is gone; whoever is not cut off notices. */
  lose(a: string, b: string): void {
    if (!this.cutOff.has(a)) this.tell(a, { tag: 'peerLost', node: b })
    if (!this.cutOff.has(b)) this.tell(b, { tag: 'peerLost', node: a })
  }

  env(self: string): VerdictEnv {
    const { nowMs } = this
    const wallMs = wallStartMs + nowMs
    return { self, nowMs, wallMs, random: this.#random, options: this.#options }
  }

  tell(node: string, event: VerdictEvent): void {
    const state = this.states.get(node)
    if (state === undefined) throw new Error(`no node ${node}`)
    const [next, actions] = stepVerdict(state, event, this.env(node))
    this.states.set(node, next)
    for (const action of actions) this.#perform(node, action)
  }

  run(ms: number): void {
    const until = this.nowMs + ms
    for (;;) {
      this.#due.sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)
      const next = this.#due[0]
      if (next === undefined || next.atMs > until) break
      this.#due.shift()
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
    }
    this.nowMs = until
  }

  /** `name: liveness` of everybody a node knows, sorted. */
  members(node: string): string[] {
    const state = this.states.get(node)
    if (state === undefined) throw new Error(`no node ${node}`)
    return memberList(state)
      .map((entry) => `${entry.node}: ${livenessOf(entry)}`)
      .sort()
  }

  told(tag: string): string[] {
    return this.log.filter((line) => line.includes(` ${tag}`))
  }

  #perform(node: string, action: VerdictAction): void {
    this.actions.push({ node, action })
    switch (action.tag) {
      case 'send': {
        const message = decodeVerdict(structuredClone(action.message))
        if (message === undefined) throw new Error(`refused: ${JSON.stringify(action.message)}`)
        this.#carry(node, action.to, { tag: 'message', from: node, message })
        return
      }
      case 'broadcast': {
        const news = decodeNews(structuredClone(action.news))
        if (news === undefined) throw new Error(`refused: ${JSON.stringify(action.news)}`)
        for (const to of this.states.keys())
          this.#carry(node, to, { tag: 'news', from: node, news })
        return
      }
      case 'connect':
        if (this.#apart(node, action.node)) return
        this.#later(2, () => this.tell(node, { tag: 'connected', node: action.node }))
        return
      case 'setTimer': {
        const key = `${node} ${timerKey(action.timer)}`
        const { timer, afterMs } = action
        this.#timers.set(
          key,
          this.#later(afterMs, (due) => {
            if (this.#timers.get(key) === due) this.tell(node, { tag: 'timer', timer })
          }),
        )
        return
      }
      case 'cancelTimer':
        this.#timers.delete(`${node} ${action.key}`)
        return
      case 'count':
        this.log.push(`${node} ${action.name} ${action.peer ?? ''}`)
        return
      case 'memberDown':
        this.log.push(`${node} memberDown ${action.node} ${action.reason}`)
        return
      default:
        this.log.push(`${node} ${action.tag} ${action.node}`)
    }
  }

  #carry(from: string, to: string, event: VerdictEvent): void {
    this.#later(1, () => {
      if (!this.#apart(from, to)) this.tell(to, event)
    })
  }

  #apart(a: string, b: string): boolean {
    return a !== b && (this.cutOff.has(a) || this.cutOff.has(b) || !this.states.has(b))
  }

  #later(afterMs: number, run: (self: Due) => void): Due {
    const due: Due = { atMs: this.nowMs + afterMs, seq: this.#seq++, run: () => run(due) }
    this.#due.push(due)
    return due
  }
}
