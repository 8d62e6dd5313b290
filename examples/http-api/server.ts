/**
 * The HTTP side: a process that owns the port. Each request becomes one call of a counter, by its
 * name; what fails is answered by `status.ts`. Asked to stop, it takes no more requests and ends
 * when those it took are answered.
 *
 *   GET  /counters/visits             its value
 *   POST /counters/visits/add?by=2    adds, and gives the value
 *   POST /counters/visits/crash       ends the counter; its supervisor starts it again
 *   POST /counters/visits/hang        is never answered by the counter
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { callWithin, genServer, local, reply, type Self } from 'skein'
import { Counter } from './counters.ts'
import { failureOf } from './status.ts'

/** A client waits no longer than this for a counter. */
const patienceMs = 200

type Answer = { readonly status: number; readonly body: object }

export type Listener = { calls: { url: () => string } }

export const Listener = genServer<Listener>('listener')({
  init: async (port: number, self) => {
    // Without this it would end before `terminate` could wait for the answers.
    self.trapExit(true)
    const server = createServer((request, response) => {
      answer(self, request).then(({ status, body }) => {
        // A client that keeps its connection would keep a server that wants to end.
        if (!server.listening) response.setHeader('connection', 'close')
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  },
  calls: { url: (server) => reply(`http://127.0.0.1:${portOf(server.address())}`, server) },
  terminate: async (_reason, server) => {
    const closed = once(server, 'close')
    server.close()
    await closed
    console.log('every request is answered')
  },
})

/** Never rejects: whatever goes wrong is an answer. */
async function answer(self: Self, { method, url }: IncomingMessage): Promise<Answer> {
  try {
    return await route(self, `${method} ${url}`)
  } catch (error) {
    return failureOf(error)
  }
}

async function route(self: Self, line: string): Promise<Answer> {
  const [, method, name = '', op = 'get', query = ''] =
    /^(GET|POST) \/counters\/([\w-]{1,64})(?:\/(\w+))?(?:\?(.*))?$/.exec(line) ?? []
  const counter = local(Counter, name)
  switch (`${method} ${op}`) {
    case 'GET get':
      return value(await callWithin(self, patienceMs, counter, 'get'))
    case 'POST add': {
      const by = Number(new URLSearchParams(query).get('by') ?? 1)
      if (!Number.isSafeInteger(by)) return { status: 400, body: { error: 'by: a whole number' } }
      return value(await callWithin(self, patienceMs, counter, 'add', by))
    }
    case 'POST crash':
    case 'POST hang':
      await callWithin(self, patienceMs, counter, op === 'crash' ? 'crash' : 'hang')
      return value(0)
    default:
      return { status: 404, body: { error: 'no such route' } }
  }
}

function value(current: number): Answer {
  return { status: 200, body: { value: current } }
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== 'object' || address === null) throw new Error('it listens on a port')
  return address.port
}
