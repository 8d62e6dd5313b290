/** What both nodes list: an echo server, and a process that counts what it is sent. */
import { createHash } from 'node:crypto'
import { isPid, type Pid, process } from '../../../src/index.ts'
import { genServer, reply } from '../../../stdlib/index.ts'

export type Echo = { calls: { echo: (bytes: Uint8Array) => Uint8Array } }

export const Echo = genServer<Echo>('bench.echo')({
  init: () => null,
  calls: { echo: (state, bytes) => reply(bytes, state) },
})

export type Counted = {
  readonly tag: 'counted'
  readonly messages: number
  readonly bytes: number
  /** SHA-256 of all bytes in order, in hex; empty unless asked for at the start. */
  readonly hash: string
}

export function isCounted(message: unknown): message is Counted {
  return isTagged(message, 'counted')
}

type Ask = { readonly tag: 'report'; readonly to: Pid }

/** Counts byte arrays; tells whoever asks with `{ tag: 'report', to }` after them. */
export const Sink = process<{ readonly hashed: boolean }>(
  'bench.sink',
  async (self, { hashed }) => {
    const hash = createHash('sha256')
    let messages = 0
    let bytes = 0
    for (;;) {
      const message = await self.receive()
      if (message instanceof Uint8Array) {
        messages += 1
        bytes += message.length
        if (hashed) hash.update(message)
      } else if (isAsk(message)) {
        const counted: Counted = {
          tag: 'counted',
          messages,
          bytes,
          hash: hashed ? hash.copy().digest('hex') : '',
        }
        self.send(message.to, counted)
      }
    }
  },
)

function isAsk(message: unknown): message is Ask {
  return isTagged(message, 'report') && 'to' in message && isPid(message.to)
}

function isTagged(message: unknown, tag: string): message is { readonly tag: string } {
  return typeof message === 'object' && message !== null && 'tag' in message && message.tag === tag
}
