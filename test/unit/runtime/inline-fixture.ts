/** A server that notes when its handlers run, with and without running inline. */
import { Exit, type MailboxOptions, type Pid, type Ref, type Self } from '../../../runtime/index.ts'
import { genServer, type InlineOptions, next, reply, start } from '../../../stdlib/index.ts'

export type Log = {
  calls: {
    note: (text: string) => number
    later: (text: string) => number
    never: () => null
    fail: () => null
    killCaller: (pid: Pid) => null
    entries: () => readonly string[]
  }
  casts: { note: (text: string) => void }
}

/** A server that notes, in a list in reach of the test, when its handlers run. */
export function logOf(inline: InlineOptions | undefined, notes: string[]) {
  return genServer<Log>('inline.log')({
    ...(inline === undefined ? {} : { inline }),
    init: () => next(0),
    calls: {
      note: (count, text) => {
        notes.push(text)
        return reply(count + 1, count + 1)
      },
      later: async (count, text) => {
        notes.push(`${text} begins`)
        await Promise.resolve()
        notes.push(`${text} ends`)
        return reply(count + 1, count + 1)
      },
      never: (count) => next(count),
      fail: () => {
        throw new Exit('broken')
      },
      killCaller: (count, pid, self) => {
        self.exit(pid, 'kill')
        return reply(null, count)
      },
      entries: (count) => reply([...notes], count),
    },
    casts: {
      note: (count, text) => {
        notes.push(text)
        return next(count + 1)
      },
    },
  })
}

export type Started = { readonly server: Ref<Log>; readonly notes: string[] }

export async function startLog(
  self: Self,
  inline?: InlineOptions,
  options: { readonly mailbox?: MailboxOptions } = {},
): Promise<Started> {
  const notes: string[] = []
  const started = await start(self, logOf(inline, notes), undefined, options)
  if (started.tag !== 'ok') throw new Error(started.tag)
  return { server: started.pid, notes }
}

/** The reason `answer` fails with; `answered` if it does not. */
export async function reasonOf(answer: Promise<unknown>): Promise<unknown> {
  try {
    await answer
    return 'answered'
  } catch (error) {
    return error instanceof Exit ? error.reason : error
  }
}
