/**
 * One node with one person, who chats by lines on its standard input. It finds the others by a
 * directory they share, or by DNS where their host names have addresses (`compose.yaml`), and joins
 * through the node it is told. It stops in order when its input ends (Ctrl-D) or it is told to
 * (Ctrl-C, SIGTERM).
 *
 *   npx tsx examples/chat/node.ts --name seed@127.0.0.1 --rooms demo
 *   npx tsx examples/chat/node.ts --name ada@127.0.0.1 --join seed@127.0.0.1
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Exit, isOrderly, lookupService, type Pid, type Self, startLink, startNode } from 'skein'
import { quicCarrier } from 'skein/carrier/quic'
import { Chat, modules } from './app.ts'
import { Client, shortName } from './client.ts'
import { roomName } from './room.ts'
import { type ChatError, createRoom, joinRoom, leaveRoom, listRooms, say } from './rooms.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'seed@127.0.0.1' },
    /** Through which nodes to join. */
    join: { type: 'string', multiple: true, default: [] },
    /** Rooms that are there from the start. */
    rooms: { type: 'string', multiple: true, default: [] },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    cookie: { type: 'string', default: 'chat' },
    directory: { type: 'string', default: 'data/chat' },
    discovery: { type: 'string', default: 'file' },
  },
})
const { name, host, directory } = values
const nick = shortName(name)
const help = 'create ROOM | join ROOM | say ROOM TEXT | leave ROOM | rooms | kill ROOM'

const node = await startNode({
  name,
  carrier: quicCarrier({ host, port: Number(values.port) }),
  cookie: values.cookie,
  dataDir: join(directory, nick),
  discovery:
    values.discovery === 'dns'
      ? { backends: ['dns'] }
      : { backends: ['file'], directory: join(directory, 'discovery') },
  join: values.join,
  modules,
  applications: [Chat],
  config: { chat: { rooms: values.rooms } },
  quiet: true,
  drainOnSignals: true,
})
console.log(`${nick} is here`)
if (process.stdin.isTTY) console.log(help)

const lines = createInterface({ input: process.stdin })
try {
  await node.run(async (self) => {
    const client = await startLink(self, Client, undefined)
    if (client.tag !== 'ok') throw new Error('the client starts')
    for await (const line of lines) await obey(self, client.pid, line)
  })
} catch (error) {
  // The node was told to stop, and ended this with it.
  if (!(error instanceof Exit && isOrderly(error.reason))) throw error
}
lines.close()
await node.stop()

/** Prints what the person would not hear from the client anyway. */
async function obey(self: Self, client: Pid, line: string): Promise<void> {
  const [, command, room = '', text = ''] = /^\s*(\S*)\s*(\S*)\s*(.*)$/.exec(line) ?? []
  const listed = listRooms(self).map((each) => `${each.room} on ${shortName(each.node)}`)
  switch (command) {
    case 'create':
      return complain(await createRoom(self, room))
    case 'join': {
      const joined = await joinRoom(self, room, { pid: client, nick })
      if (joined.tag === 'ok') console.log(`in ${room}: ${joined.nicks.join(', ')}`)
      return complain(joined)
    }
    case 'say':
      return complain(await say(self, room, client, text))
    case 'leave': {
      const left = await leaveRoom(self, room, client)
      if (left.tag === 'ok') console.log(`out of ${room}`)
      return complain(left)
    }
    case 'rooms':
      return console.log(listed.length === 0 ? 'no rooms' : listed.join(', '))
    case 'kill':
      // As a fault would: the room gets no chance to say anything, and its supervisor lets it be.
      for (const { pid } of lookupService(self, roomName(room))) self.exit(pid, 'kill')
      return
    default:
      console.log(help)
  }
}

function complain(result: { readonly tag: 'ok' } | ChatError): void {
  if (result.tag === 'error') console.log(`error: ${result.reason}`)
}
