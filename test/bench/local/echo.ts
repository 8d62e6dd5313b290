/**
 * Round trips of a few bytes over TCP, one after the other, to an echo server on the thread that
 * asks for them. The client has a thread of its own, which runs this file too, so that what it sees
 * is what another program would: how long this thread takes to answer.
 */
import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const messageBytes = 64

/** Milliseconds of each of `trips` round trips whose bytes came back as they were sent. */
export async function echoTimes(trips: number): Promise<number[]> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new Worker(new URL(import.meta.url), { workerData: { port, trips } })
  const [tripsMs] = await once(client, 'message')
  await client.terminate()
  server.close()
  await once(server, 'close')
  return tripsMs
}

async function askAll(port: number, trips: number): Promise<number[]> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const tripsMs: number[] = []
  for (let trip = 0; trip < trips; trip++) tripsMs.push(await roundTrip(socket, trip))
  socket.destroy()
  return tripsMs
}

function roundTrip(socket: Socket, trip: number): Promise<number> {
  const message = Buffer.alloc(messageBytes)
  message.writeUInt32BE(trip)
  return new Promise((resolve, reject) => {
    let back = Buffer.alloc(0)
    const startMs = performance.now()
    const hear = (chunk: Buffer): void => {
      back = Buffer.concat([back, chunk])
      if (back.length < messageBytes) return
      socket.off('data', hear).off('error', reject)
      if (back.equals(message)) resolve(performance.now() - startMs)
      else reject(new Error('what came back is not what was sent'))
    }
    socket.on('data', hear).on('error', reject)
    socket.write(message)
  })
}

if (!isMainThread) parentPort?.postMessage(await askAll(workerData.port, workerData.trips))
