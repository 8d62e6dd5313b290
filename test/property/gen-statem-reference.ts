/**
 * gen_statem once more, as slowly and plainly as its documentation says it: arrays, one loop, time
 * as a number. It shares no code with the engine, which is held against it. A machine here is a
 * list of turns: whatever callback runs next does what the next turn says, then nothing more.
 */

export type Key = 'eventTimeout' | 'stateTimeout' | 'timeout a' | 'timeout b'

export type Setting =
  | { readonly tag: 'after'; readonly ms: number }
  | { readonly tag: 'at'; readonly ms: number }
  | { readonly tag: 'update' }
  | { readonly tag: 'cancel' }

/** What a callback does. Where `enter` may not do it, it is left out. */
export type Turn = {
  readonly go: 'keep' | 'stay' | 'repeat' | 'stop' | 'A' | 'B' | 'C'
  readonly reply: boolean
  readonly postpone: boolean
  readonly next: number
  readonly timeouts: readonly (readonly [Key, Setting])[]
}

/** What happens to a machine from outside; it gets to its mail only when it runs. */
export type Move =
  | { readonly tag: 'mail'; readonly kind: 'call' | 'cast' }
  | { readonly tag: 'pass'; readonly ms: number }
  | { readonly tag: 'run' }

export type Plan = { readonly turns: readonly Turn[]; readonly moves: readonly Move[] }

export const still: Turn = { go: 'stay', reply: false, postpone: false, next: 0, timeouts: [] }

type Happening = { readonly name: string; readonly call: boolean }
type Timer = { readonly key: Key; arg: string; readonly dueMs: number | null }
type Mail = Happening | { readonly timer: Timer }

/** Runs a plan and gives every callback, reply and end, in order. */
export function reference(plan: Plan): string[] {
  const log: string[] = []
  const turns = [...plan.turns]
  let state = 'A'
  let data = 0
  let count = 0
  let nowMs = 0
  let over = false
  let mailbox: Mail[] = []
  let queue: Happening[] = []
  let postponed: Happening[] = []
  /** In the order in which they were set. */
  let timers: Timer[] = []

  const cancel = (key: Key): void => {
    timers = timers.filter((timer) => timer.key !== key)
  }
  const set = (key: Key, setting: Setting, arg: string): void => {
    const known = timers.find((timer) => timer.key === key)
    if (setting.tag === 'update' && known !== undefined) {
      known.arg = arg
      return
    }
    cancel(key)
    if (setting.tag === 'cancel') return
    const atOnce = setting.tag === 'update' || (setting.tag === 'after' && setting.ms === 0)
    if (atOnce) timers.push({ key, arg, dueMs: null })
    else if (setting.tag === 'after') timers.push({ key, arg, dueMs: nowMs + setting.ms })
    else timers.push({ key, arg, dueMs: Math.max(nowMs, setting.ms) })
  }

  /** One event, or null for the start; everything its callbacks ask for. */
  const handle = (event: Happening | null): void => {
    const before = state
    let entering = event === null
    let postpones = false
    const inserted: Happening[] = []
    const asked: [Key, Setting, string][] = []
    for (;;) {
      count++
      const turn = turns.shift() ?? still
      if (entering) log.push(`${count} enter ${state} from ${before} data ${data}`)
      else log.push(`${count} ${event?.name} in ${state} data ${data}`)
      if (turn.go === 'stop') {
        log.push(`stop in ${state}`)
        over = true
        return
      }
      if (turn.reply && !entering && event?.call) log.push(`reply ${event.name} ${count}`)
      for (const [key, setting] of turn.timeouts) asked.push([key, setting, `arg ${count}`])
      if (!entering) {
        postpones = turn.postpone
        for (let n = 0; n < turn.next; n++) {
          inserted.push({ name: `inserted ${count}.${n}`, call: false })
        }
      }
      if (turn.go !== 'stay') data = count
      const goal = turn.go === 'A' || turn.go === 'B' || turn.go === 'C' ? turn.go : state
      const enters = turn.go === 'repeat' || (goal !== state && !entering)
      if (!entering) state = goal
      if (!enters) break
      entering = true
    }
    if (postpones && event !== null) postponed.push(event)
    cancel('eventTimeout')
    if (state !== before) {
      cancel('stateTimeout')
      queue = [...postponed, ...queue]
      postponed = []
    }
    queue = [...inserted, ...queue]
    // Of several settings of one timeout the last counts, in its place.
    const last = asked.filter(([key], at) => !asked.slice(at + 1).some(([later]) => later === key))
    for (const [key, setting, arg] of last) set(key, setting, arg)
  }

  const fire = (timer: Timer): void => {
    cancel(timer.key)
    handle({ name: `${timer.key} ${timer.arg}`, call: false })
  }

  const run = (): void => {
    while (!over) {
      const zero = timers.find((timer) => timer.dueMs === null)
      const own = queue.shift()
      if (own !== undefined) handle(own)
      else if (zero !== undefined) fire(zero)
      else {
        const mail = mailbox.shift()
        if (mail === undefined) return
        if (!('timer' in mail)) handle(mail)
        else if (timers.includes(mail.timer)) fire(mail.timer)
      }
    }
  }

  const pass = (ms: number): void => {
    const untilMs = nowMs + ms
    for (;;) {
      const due = timers
        .filter(({ dueMs }) => dueMs !== null && dueMs <= untilMs)
        .filter((timer) => !mailbox.some((mail) => 'timer' in mail && mail.timer === timer))
        .sort((a, b) => (a.dueMs ?? 0) - (b.dueMs ?? 0))
      const [first] = due
      if (first === undefined) break
      nowMs = Math.max(nowMs, first.dueMs ?? 0)
      mailbox.push({ timer: first })
    }
    nowMs = untilMs
  }

  handle(null)
  run()
  let sent = 0
  for (const move of plan.moves) {
    if (move.tag === 'pass') pass(move.ms)
    else if (move.tag === 'mail') {
      mailbox = [...mailbox, { name: `${move.kind} ${++sent}`, call: move.kind === 'call' }]
    } else run()
  }
  run()
  return log
}
