import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Bytes } from './bytes.ts'
import { attachmentKey, type World } from './world.ts'

interface Link {
  readonly client: number
  readonly gid: string
  readonly name: string
  readonly file: number
}

const byName = 'storpool'
const byId = 'storpool-byid'

/**
 * What a host would have in `/dev`: for each client `storpool/<name>` and `storpool-byid/<globalId>`, links to the
 * file that holds the bytes. They follow from the attachments and can be made anew at any time.
 */
export const openDevices = (folderOf: (client: number) => string, world: World, bytes: Bytes) => {
  /** Another simulator may keep its links in the same folder. */
  const isOurs = (at: string, target: string | undefined) =>
    target === undefined || dirname(resolve(at, target)) === dirname(bytes.pathOf(0))
  /** Names the links have now, by attachment: a rename leaves no old one behind. */
  const linked = new Map<string, Link>()

  const link = (client: number, kind: string, name: string, file: number) => {
    const at = join(folderOf(client), kind)
    rmSync(join(at, name), { force: true })
    symlinkSync(relative(at, bytes.pathOf(file)), join(at, name))
  }
  /** Remove a link by name, unless another object has taken the name since. */
  const unlinkName = ({ client, name, file }: Link) => {
    const at = join(folderOf(client), byName)
    if (name !== '' && targetOf(join(at, name)) === relative(at, bytes.pathOf(file))) {
      rmSync(join(at, name), { force: true })
    }
  }
  const prepare = (client: number) => {
    for (const kind of [byName, byId]) mkdirSync(join(folderOf(client), kind), { recursive: true })
  }

  /** Make one client's links of one object what its attachments say. */
  const follow = (client: number, gid: string) => {
    const key = attachmentKey(gid, client)
    const thing = world.things.get(gid)
    const old = linked.get(key)
    if (thing === undefined || !world.attachments.has(key)) {
      if (old === undefined) return
      linked.delete(key)
      rmSync(join(folderOf(client), byId, gid), { force: true })
      unlinkName(old)
      return
    }
    // A folder cannot hold these two, legal as they are.
    const name = thing.name === '.' || thing.name === '..' ? '' : thing.name
    if (old?.name === name && old.file === thing.file) return
    prepare(client)
    if (old !== undefined && old.name !== name) unlinkName(old)
    link(client, byId, gid, thing.file)
    if (name !== '') link(client, byName, name, thing.file)
    linked.set(key, { client, gid, name, file: thing.file })
  }

  /** At a start: drop links of the last run that are true no more, make those that are not there. */
  const restore = (clients: Iterable<number>) => {
    for (const client of clients) {
      prepare(client)
      const held = world.attachmentsHeldBy(client).flatMap(({ gid }) => world.things.get(gid) ?? [])
      const wanted = new Map<string, number>(
        held.flatMap((thing) => [
          [`${byId}/${thing.gid}`, thing.file],
          [`${byName}/${thing.name}`, thing.file],
        ]),
      )
      for (const kind of [byName, byId]) {
        const at = join(folderOf(client), kind)
        for (const name of readdirSync(at)) {
          const file = wanted.get(`${kind}/${name}`)
          const target = targetOf(join(at, name))
          const right = file !== undefined && target === relative(at, bytes.pathOf(file))
          if (!right && isOurs(at, target)) rmSync(join(at, name), { force: true })
        }
      }
      for (const { gid } of held) follow(client, gid)
    }
  }

  return {
    folderOf,
    follow,
    /** The links there are. */
    links: () => [...linked.values()],
    restore,
    clear: () => {
      for (const link of linked.values()) {
        rmSync(join(folderOf(link.client), byId, link.gid), { force: true })
        unlinkName(link)
      }
      linked.clear()
    },
  }
}
export type Devices = ReturnType<typeof openDevices>

const targetOf = (path: string) => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
