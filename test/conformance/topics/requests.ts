/**
 * Requests whose answers are picked up later, calls and casts to many (rules G15 to G17): every way
 * a request can end, and that nothing of one that was given up reaches a mailbox.
 */
import * as assert from 'uvu/assert'
import { isDown, type Ref, type Self } from '../../../runtime/index.ts'
import {
  abandonRequest,
  abcast,
  at,
  call,
  cast,
  checkResponse,
  type From,
  genServer,
  multiCall,
  next,
  RequestCollection,
  receiveResponse,
  reply,
  replyTo,
  sendRequest,
  waitResponse,
} from '../../../stdlib/index.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type Server = {
  calls: {
    double: (n: number) => number
    /** Answered at `release`. */
    hold: (n: number) => number
    total: () => number
    crash: () => never
  }
  casts: { add: (n: number) => void; release: () => void }
}

type State = {
  readonly total: number
  readonly held: readonly { readonly from: From<number>; readonly n: number }[]
}

const server = genServer<Server>('requests.server')({
  init: (): State => ({ total: 0, held: [] }),
  calls: {
    double: (state, n) => reply(n * 2, state),
    hold: (state, n, _self, from) => next({ ...state, held: [...state.held, { from, n }] }),
    total: (state) => reply(state.total, state),
    crash: () => {
      throw new RangeError('on request')
    },
  },
  casts: {
    add: (state, n) => next({ ...state, total: state.total + n }),
    release: (state, _arg, self) => {
      for (const { from, n } of state.held) replyTo(self, from, n)
      return next({ ...state, held: [] })
    },
  },
})

function fresh(self: Self, place: Place, name?: string): Promise<Ref<Server>> {
  return place.spawnThere(self, server, undefined, name === undefined ? {} : { name })
}

function nothingStrayed(self: Self): void {
  assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
}

const answered = caseOf('G16', 'a request is answered later', async (self, place) => {
  const ref = await fresh(self, place)
  const first = sendRequest(self, ref, 'double', 1)
  const second = sendRequest(self, ref, 'double', 2)
  assert.equal(await receiveResponse(self, second), { tag: 'reply', value: 4 })
  assert.equal(await receiveResponse(self, first), { tag: 'reply', value: 2 })
  nothingStrayed(self)
})

const checked = caseOf('G16', 'checkResponse tells whose a message is', async (self, place) => {
  const ref = await fresh(self, place)
  const first = sendRequest(self, ref, 'double', 1)
  const second = sendRequest(self, ref, 'double', 2)
  const message = await self.receive()
  assert.equal(checkResponse(message, second), { tag: 'noReply' })
  assert.equal(checkResponse(message, first), { tag: 'reply', value: 2 })
  for (const foreign of [null, 'text', { tag: 'response' }, { tag: 'DOWN', ref: first }]) {
    assert.equal(checkResponse(foreign, first), { tag: 'noReply' })
  }
  assert.equal(checkResponse(await self.receive(), second), { tag: 'reply', value: 4 })
})

const died = caseOf('G16', 'the end of the server is an error response', async (self, place) => {
  const ref = await fresh(self, place)
  const request = sendRequest(self, ref, 'crash')
  const response = await receiveResponse(self, request)
  assert.ok(response.tag === 'error' && typeof response.reason === 'object')
  assert.equal([response.reason.message, response.server], ['on request', ref])
  const late = await receiveResponse(self, sendRequest(self, ref, 'double', 1))
  assert.equal(late, { tag: 'error', reason: 'noproc', server: ref })
})

const unknown = caseOf('G16', 'an unknown name is noproc', async (self, place) => {
  const nobody = at(place.there.name, server, 'requests.nobody')
  const response = await receiveResponse(self, sendRequest(self, nobody, 'double', 1))
  assert.equal(response, { tag: 'error', reason: 'noproc', server: nobody })
})

const waitedAgain = caseOf('G16', 'wait gives nothing up', async (self, place) => {
  const ref = await fresh(self, place)
  const request = sendRequest(self, ref, 'hold', 5)
  assert.equal(await waitResponse(self, request, 1), { tag: 'timeout' })
  cast(self, ref, 'release')
  assert.equal(await waitResponse(self, request), { tag: 'reply', value: 5 })
})

const givenUp = caseOf('G16', 'receive gives up: a late answer is dropped', async (self, place) => {
  const ref = await fresh(self, place)
  const request = sendRequest(self, ref, 'hold', 5)
  assert.equal(await receiveResponse(self, request, 1), { tag: 'timeout' })
  cast(self, ref, 'release')
  assert.is(await call(self, ref, 'total'), 0)
  nothingStrayed(self)
})

const flushed = caseOf(
  'G16',
  'giving up takes a response out that has come',
  async (self, place) => {
    const ref = await fresh(self, place)
    const request = sendRequest(self, ref, 'double', 1)
    assert.is(await call(self, ref, 'total'), 0)
    abandonRequest(self, request)
    nothingStrayed(self)
  },
)

const collected = caseOf('G16', 'a collection gives responses with labels', async (self, place) => {
  const ref = await fresh(self, place)
  const other = await fresh(self, place)
  const requests = new RequestCollection<number, string>()
  requests.add(sendRequest(self, ref, 'hold', 1), 'held')
  requests.add(sendRequest(self, other, 'double', 4), 'double')
  assert.equal(await receiveResponse(self, requests), { tag: 'reply', value: 8, label: 'double' })
  assert.equal([requests.size, requests.entries().map(([, label]) => label)], [1, ['held']])
  assert.equal(await waitResponse(self, requests, 1), { tag: 'timeout' })
  cast(self, ref, 'release')
  const message = await self.receive()
  assert.equal(checkResponse('foreign', requests), { tag: 'noReply' })
  assert.equal(checkResponse(message, requests), { tag: 'reply', value: 1, label: 'held' })
  assert.is(requests.size, 0)
})

const empty = caseOf('G16', 'an empty collection has no request', async (self, place) => {
  const requests = new RequestCollection<number, string>()
  const only = sendRequest(self, await fresh(self, place), 'double', 1)
  assert.equal(await receiveResponse(self, requests.add(only, 'only')), {
    tag: 'reply',
    value: 2,
    label: 'only',
  })
  assert.equal(await receiveResponse(self, requests), { tag: 'noRequest' })
  assert.equal(await waitResponse(self, requests), { tag: 'noRequest' })
  assert.equal(checkResponse('anything', requests), { tag: 'noRequest' })
})

const allGivenUp = caseOf('G16', 'a timeout gives a whole collection up', async (self, place) => {
  const ref = await fresh(self, place)
  const requests = new RequestCollection<number, number>()
  for (const n of [1, 2, 3]) requests.add(sendRequest(self, ref, 'hold', n), n)
  assert.equal(await receiveResponse(self, requests, 1), { tag: 'timeout' })
  assert.is(requests.size, 0)
  cast(self, ref, 'release')
  assert.is(await call(self, ref, 'total'), 0)
  nothingStrayed(self)
})

const many = caseOf('G17', 'multiCall sorts replies from bad nodes', async (self, place) => {
  const { name } = place.there
  await fresh(self, place, 'requests.a')
  await fresh(self, place, 'requests.b')
  const names = ['requests.a', 'requests.none', 'requests.b']
  const servers = names.map((each) => at(name, server, each))
  const nowhere = at('nowhere@localhost', server, 'requests.a')
  const result = await multiCall(self, 5_000, [...servers, nowhere], 'double', 3)
  assert.equal(result.replies, [
    { node: name, value: 6 },
    { node: name, value: 6 },
  ])
  assert.equal(result.badNodes, [
    { node: name, reason: 'noproc' },
    { node: 'nowhere@localhost', reason: { tag: 'nodedown', node: 'nowhere@localhost' } },
  ])
  nothingStrayed(self)
})

const manyLate = caseOf('G17', 'a late answer is a bad node and leaks not', async (self, place) => {
  const { name } = place.there
  const ref = await fresh(self, place, 'requests.late')
  const result = await multiCall(self, 1, [at(name, server, 'requests.late')], 'hold', 3)
  assert.equal(result, { replies: [], badNodes: [{ node: name, reason: 'timeout' }] })
  cast(self, ref, 'release')
  assert.is(await call(self, ref, 'total'), 0)
  nothingStrayed(self)
})

const broadcast = caseOf(
  'G15',
  'abcast reaches who is there, and never fails',
  async (self, place) => {
    const { name } = place.there
    const ref = await fresh(self, place, 'requests.abcast')
    const there = at(name, server, 'requests.abcast')
    const down = self.monitor(ref)
    abcast(self, [at(name, server, 'requests.none'), there, there], 'add', 2)
    assert.is(await call(self, ref, 'total'), 4)
    self.exit(ref, 'kill')
    await self.receive(isDown(down))
    abcast(self, [there], 'add', 2)
    nothingStrayed(self)
  },
)

export const requests: Topic = {
  subject: 'requests',
  modules: [server],
  cases: [
    answered,
    checked,
    died,
    unknown,
    waitedAgain,
    givenUp,
    flushed,
    collected,
    empty,
    allGivenUp,
    many,
    manyLate,
    broadcast,
  ],
}
