import { once } from 'node:events'
import { chmod, chown, lstat, readFile, unlink } from 'node:fs/promises'
import { connect, type ListenOptions, type Server } from 'node:net'
import { CannotStart } from './cannot-start.ts'

/**
 * Listen on one address of this host.
 *
 * @returns the port, where any was asked for
 * @throws CannotStart saying what to do about it
 */
export const listenOn = async (
  server: Server,
  { address, port }: { address: string; port: number },
): Promise<number> => {
  await listening(server, { host: address, port }, `port ${port} on ${address}`, {
    EADDRINUSE: `Port ${port} on ${address} is in use: choose another one as listen.port, or stop what uses it`,
    EACCES: `Port ${port} needs privileges: choose one above 1023 as listen.port`,
    EADDRNOTAVAIL: `This host has no address ${address}: give one of its own as listen.address`,
  })
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : port
}

/**
 * Listen on a UNIX socket that its owner alone may use. What an agent that was killed left there is removed.
 *
 * @param user who that is; the agent's own user without one
 * @throws CannotStart saying what to do about it
 */
export const listenAt = async (server: Server, path: string, user: string | undefined): Promise<void> => {
  const owner = user === undefined ? undefined : await userNamed(user)
  await removeLeft(path)
  await listening(server, { path }, path, {
    EACCES: `${path} cannot be made: let the agent's user write to its folder`,
    ENOENT: `${path} cannot be made: make its folder`,
  })
  await chmod(path, 0o600)
  if (owner === undefined) return
  await chown(path, owner.uid, owner.gid).catch((error: Error) => {
    throw new CannotStart(`${path} cannot be given to ${user}: ${error.message}`)
  })
}

export const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))

const listening = async (
  server: Server,
  options: ListenOptions,
  where: string,
  remedies: Record<string, string>,
) => {
  server.listen(options)
  try {
    await once(server, 'listening')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = error instanceof Error ? error.message : String(error)
    throw new CannotStart(remedies[code] ?? `Cannot listen on ${where}: ${reason}`)
  }
}

const removeLeft = async (path: string) => {
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) return
  if (!there.isSocket()) throw new CannotStart(`${path} is there and is no socket: give another as socket`)
  if (await answers(path))
    throw new CannotStart(`${path} is in use by another program: give another as socket`)
  await unlink(path)
}

const answers = async (path: string) => {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** @throws CannotStart this host has no such user of its own */
export const userNamed = async (name: string) => {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')
  const [, , uid, gid] = lines.map((line) => line.split(':')).find(([its]) => its === name) ?? []
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  throw new CannotStart(`There is no user ${name} in /etc/passwd: make it, or leave socketUser out`)
}
