/**
 * The HTTP side: each request becomes one call of a counter, by its name. Host code calls with the
 * node itself; what fails is answered by `status.ts`.
 *
 *   GET  /counters/visits             its value
 *   POST /counters/visits/add?by=2    adds, and gives the value
 *   POST /counters/visits/crash       ends the counter; its supervisor starts it again
 *   POST /counters/visits/hang        is never answered by the counter
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Caller, callWithin, local } from 'skein'
import { Counter } from './counters.ts'
import { failureOf } from './status.ts'

/** A client waits no longer than this for a counter. */
const patienceMs = 200

type Answer = { readonly status: number; readonly body: object }

export type Api = {
  readonly url: string
  /** Takes no more requests, and resolves when those it took are answered. */
  close(): Promise<void>
}

export async function openApi(node: Caller): Promise<Api> {
  const server = createServer((request, response) => {
    answer(node, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

/** Never rejects: whatever goes wrong is an answer. */
async function answer(node: Caller, { method, url }: IncomingMessage): Promise<Answer> {
  try {
    return await route(node, `${method} ${url}`)
  } catch (error) {
    return failureOf(error)
  }
}

async function route(node: Caller, line: string): Promise<Answer> {
  const [, method, name = '', op = 'get', query = ''] =
    /^(GET|POST) \/counters\/([\w-]{1,64})(?:\/(\w+))?(?:\?(.*))?$/.exec(line) ?? []
  const counter = local(Counter, name)
  switch (`${method} ${op}`) {
    case 'GET get':
      return value(await callWithin(node, patienceMs, counter, 'get'))
    case 'POST add': {
      const by = Number(new URLSearchParams(query).get('by') ?? 1)
      if (!Number.isSafeInteger(by)) return { status: 400, body: { error: 'by: a whole number' } }
      return value(await callWithin(node, patienceMs, counter, 'add', by))
    }
    case 'POST crash':
    case 'POST hang':
      await callWithin(node, patienceMs, counter, op === 'crash' ? 'crash' : 'hang')
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
