/**
 * Bodies of plain processes: an async function, or a generator as the fast form (a third of the
 * memory, no promises). What a body returns decides how it ends: `exit(reason)` with that reason,
 * anything else `normal`; what it throws is its reason (rules P1 to P3).
 */
import { crash } from './crash.ts'
import { ExitOutcome, type Reason } from './exit.ts'
import { empty, isEmpty } from './mailbox.ts'
import { type Process, SUSPENDED } from './process.ts'
import { checkReceive, otherwise, park, type ReceiveOptions } from './receive.ts'
import { terminate } from './terminate.ts'

/** What a generator body yields: a receive to be carried out (`yield* self.take(...)`). */
export class Receiving {
  readonly matches: ((message: unknown) => boolean) | null
  readonly options: ReceiveOptions<unknown> | undefined

  constructor(
    matches: ((message: unknown) => boolean) | null,
    options: ReceiveOptions<unknown> | undefined,
  ) {
    this.matches = matches
    this.options = options
  }
}

/** Takes over what a body's function returned. `finish` is told a value before the process ends. */
export function runBody(
  process: Process,
  result: unknown,
  finish?: (value: unknown) => void,
): void {
  const ended = (value: unknown): void => {
    if (process.alive && !(value instanceof ExitOutcome)) finish?.(value)
    terminate(process, outcomeReason(value))
  }
  if (result instanceof Promise) {
    result.then(ended, (error: unknown) => crash(process, error))
  } else if (isGenerator(result)) drive(process, result, ended)
  else ended(result)
}

function outcomeReason(value: unknown): Reason {
  return value instanceof ExitOutcome ? value.reason : 'normal'
}

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.prototype.toString.call(value) === '[object Generator]'
  )
}

/** Runs a generator body until it parks or ends. */
function drive(
  process: Process,
  body: Generator<unknown, unknown, unknown>,
  ended: (value: unknown) => void,
): void {
  const advance = (step: () => IteratorResult<unknown, unknown>): void => {
    let next = step
    for (;;) {
      let result: IteratorResult<unknown, unknown>
      try {
        result = next()
      } catch (error) {
        crash(process, error)
        return
      }
      if (!process.alive) return
      if (result.done) {
        ended(result.value)
        return
      }
      const message = request(process, result.value, advance, body)
      if (isEmpty(message)) return
      next = resumption(body, message)
    }
  }
  advance(() => body.next())
}

/** How a body goes on with what its receive gave. */
function resumption(
  body: Generator<unknown, unknown, unknown>,
  message: unknown,
): () => IteratorResult<unknown, unknown> {
  return message instanceof Raised ? () => body.throw(message.error) : () => body.next(message)
}

/** An error to be thrown inside a generator body. */
class Raised {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

function raised(error: unknown): Raised {
  return new Raised(error)
}

/** Carries out one yielded receive: a message, `empty` when parked, `Raised` when it failed. */
function request(
  process: Process,
  yielded: unknown,
  advance: (step: () => IteratorResult<unknown, unknown>) => void,
  body: Generator<unknown, unknown, unknown>,
): unknown {
  try {
    if (!(yielded instanceof Receiving)) {
      throw new TypeError('a generator body may only yield* self.take(...)')
    }
    const { matches, options } = yielded
    checkReceive(process, matches, options)
    if ((process.flags & SUSPENDED) !== 0) {
      process.system.holds.after(process, () => {
        const message = request(process, yielded, advance, body)
        if (!isEmpty(message)) advance(resumption(body, message))
      })
      return empty
    }
    if (process.system.scheduler.charge()) {
      const message = matches === null ? process.shift() : process.take(matches, false)
      if (!isEmpty(message)) return message
      if (options?.timeoutMs === 0) return otherwise(options)
    } else process.rewind()
    const resume = (message: unknown): void => advance(resumption(body, message))
    park(process, matches, options, resume, raised)
    if (process.hasMail) process.system.scheduler.wake(process)
    return empty
  } catch (error) {
    return new Raised(error)
  }
}
