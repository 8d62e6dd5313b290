/**
 * Whom to ask for its table, and when. Hints come from anybody and prove nothing, so all they can
 * do is to make us ask the author itself: one question at a time, none sooner than `pullEveryMs`
 * after the last, later and later while it does not answer, and no more than so many at a time and
 * per second in all. What has to wait is kept: a hint may be delayed, and is never lost. Authors
 * who are known do not wait for those of whom there is nothing but hearsay.
 *
 * No effects: whoever calls is told what to do. Times are in milliseconds of one clock.
 */
import { limits } from '../limits.ts'

export type PullOptions = {
  readonly pullEveryMs: number
  readonly pullTimeoutMs: number
  readonly random: { unit(): number }
  /** That author is connected, or has answered before. Default: nobody. */
  readonly isKnown?: (node: string) => boolean
}

export type PullAction =
  | { readonly tag: 'ask'; readonly node: string; readonly id: number }
  /** Call `due` with the key then. */
  | { readonly tag: 'timer'; readonly key: string; readonly afterMs: number }
  | { readonly tag: 'cancel'; readonly key: string }

type Asking = { readonly id: number; readonly isKnown: boolean; again: boolean }
type Rest = { untilMs: number; failures: number }

const retryMinMs = 500
const retryMaxMs = 30_000
const windowMs = 1_000
const windowKey = 'window'

export class Pulls {
  readonly #options: PullOptions
  /** To be asked as soon as there is room: known authors, and others. */
  readonly #readyKnown = new Set<string>()
  readonly #ready = new Set<string>()
  /** To be asked when their rest is over. */
  readonly #waiting = new Set<string>()
  readonly #asking = new Map<string, Asking>()
  readonly #rests = new Map<string, Rest>()
  /** How many of those being asked are known. */
  #askingKnown = 0
  #window = { sinceMs: Number.NEGATIVE_INFINITY, asked: 0 }
  #id: number

  /** Questions are numbered from `firstId`, so that an answer to an earlier run is told apart. */
  constructor(options: PullOptions, firstId: number) {
    this.#options = options
    this.#id = firstId
  }

  /** Authors being asked or to be asked. */
  get size(): number {
    return this.#readyKnown.size + this.#ready.size + this.#waiting.size + this.#asking.size
  }

  /** That author may have something new. */
  want(node: string, nowMs: number): readonly PullAction[] {
    const asking = this.#asking.get(node)
    if (asking !== undefined) {
      asking.again = true
      return []
    }
    if (this.#isReady(node) || this.#waiting.has(node)) return []
    const restMs = (this.#rests.get(node)?.untilMs ?? nowMs) - nowMs
    if (restMs > 0) {
      this.#waiting.add(node)
      return [{ tag: 'timer', key: restKey(node), afterMs: restMs }]
    }
    return this.#readied(node, nowMs)
  }

  /** A timer that was asked for is due. */
  due(key: string, nowMs: number): readonly PullAction[] {
    if (key === windowKey) return this.#begin(nowMs)
    const [kind, node] = splitKey(key)
    if (kind === 'ask') return this.failed(node, nowMs)
    return this.#waiting.delete(node) ? this.#readied(node, nowMs) : []
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
    const asking = this.#asked(node)
    if (asking === undefined) return []
    this.#rest(node, { untilMs: nowMs + this.#options.pullEveryMs, failures: 0 })
    const again = asking.again && !isEnough ? this.want(node, nowMs) : []
    return [{ tag: 'cancel', key: askKey(node) }, ...again, ...this.#begin(nowMs)]
  }

  /** It cannot be reached, refuses, or does not go on: it is asked again later. */
  failed(node: string, nowMs: number): readonly PullAction[] {
    if (this.#asked(node) === undefined) return []
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
    this.#readyKnown.delete(node)
    this.#rests.delete(node)
    const actions: PullAction[] = []
    if (this.#waiting.delete(node)) actions.push({ tag: 'cancel', key: restKey(node) })
    if (this.#asked(node) !== undefined) actions.push({ tag: 'cancel', key: askKey(node) })
    return [...actions, ...this.#begin(nowMs)]
  }

  #isReady(node: string): boolean {
    return this.#readyKnown.has(node) || this.#ready.has(node)
  }

  #readied(node: string, nowMs: number): readonly PullAction[] {
    const isKnown = this.#options.isKnown?.(node) === true
    if (isKnown) this.#readyKnown.add(node)
    else this.#ready.add(node)
    return this.#begin(nowMs)
  }

  #begin(nowMs: number): readonly PullAction[] {
    const actions: PullAction[] = []
    for (const node of this.#readyKnown) {
      if (this.#askingKnown >= limits.replicaPullsMax) break
      this.#readyKnown.delete(node)
      this.#askingKnown += 1
      actions.push(...this.#ask(node, true))
    }
    if (this.#ready.size === 0) return actions
    if (nowMs - this.#window.sinceMs >= windowMs) this.#window = { sinceMs: nowMs, asked: 0 }
    for (const node of this.#ready) {
      if (this.#asking.size - this.#askingKnown >= limits.replicaPullsMax) break
      if (this.#window.asked >= limits.replicaPullsPerSecondMax) {
        const afterMs = this.#window.sinceMs + windowMs - nowMs
        actions.push({ tag: 'timer', key: windowKey, afterMs })
        break
      }
      this.#window.asked += 1
      this.#ready.delete(node)
      actions.push(...this.#ask(node, false))
    }
    return actions
  }

  #ask(node: string, isKnown: boolean): readonly PullAction[] {
    const id = this.#id++
    this.#asking.set(node, { id, isKnown, again: false })
    return [this.#deadline(node), { tag: 'ask', node, id }]
  }

  /** It is not being asked any more. */
  #asked(node: string): Asking | undefined {
    const asking = this.#asking.get(node)
    if (asking?.isKnown) this.#askingKnown -= 1
    this.#asking.delete(node)
    return asking
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
