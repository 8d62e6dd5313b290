/**
 * Whom to ask for its table, and when. Hints come from anybody and prove nothing, so all they can
 * do is to make us ask the author itself: one question at a time, none sooner than `pullEveryMs`
 * after the last, later and later while it does not answer, and no more than so many at a time and
 * per second in all. What has to wait is kept: a hint may be delayed, and is never lost.
 *
 * No effects: whoever calls is told what to do. Times are in milliseconds of one clock.
 */
import { limits } from '../limits.ts'

export type PullOptions = {
  readonly pullEveryMs: number
  readonly pullTimeoutMs: number
  readonly random: { unit(): number }
}

export type PullAction =
  | { readonly tag: 'ask'; readonly node: string; readonly id: number }
  /** Call `due` with the key then. */
  | { readonly tag: 'timer'; readonly key: string; readonly afterMs: number }
  | { readonly tag: 'cancel'; readonly key: string }

type Asking = { readonly id: number; again: boolean }
type Rest = { untilMs: number; failures: number }

const retryMinMs = 500
const retryMaxMs = 30_000
const windowMs = 1_000
const windowKey = 'window'

export class Pulls {
  readonly #options: PullOptions
  /** To be asked as soon as there is room. */
  readonly #ready = new Set<string>()
  /** To be asked when their rest is over. */
  readonly #waiting = new Set<string>()
  readonly #asking = new Map<string, Asking>()
  readonly #rests = new Map<string, Rest>()
  #window = { sinceMs: Number.NEGATIVE_INFINITY, asked: 0 }
  #id: number

  /** Questions are numbered from `firstId`, so that an answer to an earlier run is told apart. */
  constructor(options: PullOptions, firstId: number) {
    this.#options = options
    this.#id = firstId
  }

  /** Authors being asked or to be asked. */
  get size(): number {
    return this.#ready.size + this.#waiting.size + this.#asking.size
  }

  /** That author may have something new. */
  want(node: string, nowMs: number): readonly PullAction[] {
    const asking = this.#asking.get(node)
    if (asking !== undefined) {
      asking.again = true
      return []
    }
    if (this.#ready.has(node) || this.#waiting.has(node)) return []
    const restMs = (this.#rests.get(node)?.untilMs ?? nowMs) - nowMs
    if (restMs > 0) {
      this.#waiting.add(node)
      return [{ tag: 'timer', key: restKey(node), afterMs: restMs }]
    }
    this.#ready.add(node)
    return this.#begin(nowMs)
  }

  /** A timer that was asked for is due. */
  due(key: string, nowMs: number): readonly PullAction[] {
    if (key === windowKey) return this.#begin(nowMs)
    const [kind, node] = splitKey(key)
    if (kind === 'ask') return this.failed(node, nowMs)
    if (!this.#waiting.delete(node)) return []
    this.#ready.add(node)
    return this.#begin(nowMs)
  }

  /** The number of the question that `node` is being asked. */
  idOf(node: string): number | undefined {
    return this.#asking.get(node)?.id
  }

  /** Part of the answer has come. */
  progress(node: string): readonly PullAction[] {
    return this.#asking.has(node) ? [this.#deadline(node)] : []
  }

  /** The answer is complete; `isEnough`: also for what was heard meanwhile. */
  done(node: string, isEnough: boolean, nowMs: number): readonly PullAction[] {
    const asking = this.#asking.get(node)
    if (asking === undefined) return []
    this.#asking.delete(node)
    this.#rest(node, { untilMs: nowMs + this.#options.pullEveryMs, failures: 0 })
    const again = asking.again && !isEnough ? this.want(node, nowMs) : []
    return [{ tag: 'cancel', key: askKey(node) }, ...again, ...this.#begin(nowMs)]
  }

  /** It cannot be reached, refuses, or does not go on: it is asked again later. */
  failed(node: string, nowMs: number): readonly PullAction[] {
    if (!this.#asking.delete(node)) return []
    const failures = (this.#rests.get(node)?.failures ?? 0) + 1
    const lasting = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(failures, 16))
    const untilMs = nowMs + lasting * (0.5 + this.#options.random.unit() / 2)
    this.#rest(node, { untilMs, failures })
    const cancel: PullAction = { tag: 'cancel', key: askKey(node) }
    return [cancel, ...this.want(node, nowMs), ...this.#begin(nowMs)]
  }

  /** Nothing is wanted of that author any more. */
  forget(node: string, nowMs: number): readonly PullAction[] {
    this.#ready.delete(node)
    this.#rests.delete(node)
    const actions: PullAction[] = []
    if (this.#waiting.delete(node)) actions.push({ tag: 'cancel', key: restKey(node) })
    if (this.#asking.delete(node)) actions.push({ tag: 'cancel', key: askKey(node) })
    return [...actions, ...this.#begin(nowMs)]
  }

  #begin(nowMs: number): readonly PullAction[] {
    if (this.#ready.size === 0) return []
    if (nowMs - this.#window.sinceMs >= windowMs) this.#window = { sinceMs: nowMs, asked: 0 }
    const actions: PullAction[] = []
    for (const node of this.#ready) {
      if (this.#asking.size >= limits.replicaPullsMax) break
      if (this.#window.asked >= limits.replicaPullsPerSecondMax) {
        const afterMs = this.#window.sinceMs + windowMs - nowMs
        actions.push({ tag: 'timer', key: windowKey, afterMs })
        break
      }
      this.#window.asked += 1
      this.#ready.delete(node)
      const id = this.#id++
      this.#asking.set(node, { id, again: false })
      actions.push(this.#deadline(node), { tag: 'ask', node, id })
    }
    return actions
  }

  #deadline(node: string): PullAction {
    return { tag: 'timer', key: askKey(node), afterMs: this.#options.pullTimeoutMs }
  }

  /** The last to rest is the last in the map; no more are kept than authors can have rests. */
  #rest(node: string, rest: Rest): void {
    this.#rests.delete(node)
    this.#rests.set(node, rest)
    if (this.#rests.size > limits.membersMax) {
      const [oldest] = this.#rests.keys()
      if (oldest !== undefined) this.#rests.delete(oldest)
    }
  }
}

function restKey(node: string): string {
  return `rest ${node}`
}

function askKey(node: string): string {
  return `ask ${node}`
}

function splitKey(key: string): readonly [kind: string, node: string] {
  const at = key.indexOf(' ')
  return [key.slice(0, at), key.slice(at + 1)]
}
