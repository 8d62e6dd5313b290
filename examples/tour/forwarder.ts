/**
 * A UDP forwarder: passes datagrams between one client and a target, counts them, and looks for a
 * marker in what it sees. This is what an eavesdropper on the path would see.
 */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'

export type Forwarder = {
  readonly port: number
  /** Datagrams passed so far, and how many of them held the marker in the clear. */
  readonly seen: () => { readonly datagrams: number; readonly withMarker: number }
  readonly close: () => void
}

export async function startForwarder(targetPort: number, marker: string): Promise<Forwarder> {
  const needle = Buffer.from(marker)
  const front = createSocket('udp4')
  const back = createSocket('udp4')
  let client: RemoteInfo | undefined
  let datagrams = 0
  let withMarker = 0
  const look = (datagram: Buffer): void => {
    datagrams++
    if (datagram.includes(needle)) withMarker++
  }
  front.on('message', (datagram, from) => {
    client = from
    look(datagram)
    back.send(datagram, targetPort, '127.0.0.1')
  })
  back.on('message', (datagram) => {
    look(datagram)
    if (client !== undefined) front.send(datagram, client.port, client.address)
  })
  front.bind(0, '127.0.0.1')
  back.bind(0, '127.0.0.1')
  await Promise.all([once(front, 'listening'), once(back, 'listening')])
  return {
    port: front.address().port,
    seen: () => ({ datagrams, withMarker }),
    close: () => {
      front.close()
      back.close()
    },
  }
}

/** Sends `text` through the forwarder in the clear: the control of the experiment. */
export async function sendClear(port: number, text: string): Promise<void> {
  const socket = createSocket('udp4')
  await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve))
  socket.close()
}
