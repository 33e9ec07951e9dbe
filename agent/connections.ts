import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'

/** At once; and of these, such as have not shown a certificate that is let in. More than functions that could ask. */
const most = { all: 256, unknown: 128 }

/**
 * Bound the connections of a server, so that silence in whatever number keeps nobody out: who has not shown who he is
 * has a place until another one wants it. The oldest of them goes first; a handshake takes milliseconds.
 */
export const boundConnections = (server: SecureServer): void => {
  const unknown = new Map<string, Socket>()
  let all = 0
  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket)
    all += 1
    unknown.set(key, socket)
    socket.once('close', () => {
      all -= 1
      if (unknown.get(key) === socket) unknown.delete(key)
    })
    if (unknown.size <= most.unknown && all <= most.all) return
    const [oldest] = unknown.values()
    oldest?.destroy()
  })
  server.on('secureConnection', (socket) => {
    if (socket.authorized) unknown.delete(keyOf(socket))
  })
}

/** The same for a connection and for the TLS on it. */
const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
