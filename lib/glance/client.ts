import * as z from 'zod'
import { isRefused, ServiceUnreadable } from './errors.ts'
import { exchange, parsed, type Request } from './http.ts'
import { Image, type ImageChanges, type NewImage } from './image.ts'
import { type KeystoneOptions, keystone, type Session } from './keystone.ts'
import { retrying } from './retry.ts'

/** Glance until a deadline: what an invocation hands around. */
export interface Glance {
  /**
   * @param token a caller's, to see the image as they may; else our own
   * @throws ServiceRefused 404 there is none that may be seen
   */
  show(id: string, token?: string): Promise<Image>
  /** Repeated with the same id it finds the image there. @throws ServiceRefused 409 that id is somebody else's image */
  create(image: NewImage, token?: string): Promise<Image>
  update(id: string, changes: ImageChanges): Promise<Image>
  /** That it is not there is as good. @throws ServiceRefused 403 it is protected, 409 it is in use */
  remove(id: string): Promise<void>
  /** For whoever moves the bytes. */
  token(): Promise<string>
  /** Where it is, as the catalog says; without the `/v2` that some write there. @throws ServiceUnreadable: the catalog does not. */
  endpoint(): Promise<string>
}

type Call = Omit<Request, 'service' | 'url'> & { readonly path: string }

/** Kept for the life of a process, as its token is. */
export const connectGlance = (options: KeystoneOptions) => {
  const identity = keystone(options)

  const endpointOf = ({ glance }: Session): string => {
    if (glance !== undefined) return glance.replace(/\/+$/, '').replace(/\/v2$/, '')
    const what = `its catalog has no ${options.interface} image service${options.region === undefined ? '' : ` in ${options.region}`}`
    throw new ServiceUnreadable({ service: 'Keystone', label: 'find Glance', mutates: false }, 200, what)
  }

  const exchanged = async <T>(
    { path, ...call }: Call,
    schema: z.ZodType<T>,
    deadline: number,
    session: Session,
    token: string,
  ) => {
    const url = `${endpointOf(session)}${path}`
    const headers = { 'x-auth-token': token, ...call.headers }
    const request: Request = { ...call, service: 'Glance', url, headers }
    return parsed(request, await exchange(request, deadline), schema)
  }

  /** Once more with a new token where ours is no longer taken: it may have been revoked. */
  const ask = async <T>(call: Call, schema: z.ZodType<T>, deadline: number, token?: string): Promise<T> => {
    const session = await identity.session(deadline)
    const callersToken = token !== undefined
    const send = (now: Session) =>
      exchanged({ ...call, callersToken }, schema, deadline, now, token ?? now.token)
    const once = (now: Session) => (call.mutates ? send(now) : retrying(deadline, () => send(now)))
    try {
      return await once(session)
    } catch (error) {
      if (!isRefused(error, 401) || callersToken) throw error
      await identity.drop(session.token)
      return once(await identity.session(deadline))
    }
  }

  const show = (id: string, deadline: number, token?: string) => {
    const path = `/v2/images/${encodeURIComponent(id)}`
    const call = { method: 'GET', path, label: `show image ${id}`, mutates: false } as const
    return ask(call, Image, deadline, token)
  }

  return {
    within: (deadline: number): Glance => ({
      show: (id, token) => show(id, deadline, token),
      create: (image, token) => create(image, deadline, token),
      update: (id, changes) => update(id, changes, deadline),
      remove: async (id) => {
        const path = `/v2/images/${encodeURIComponent(id)}`
        const call = { method: 'DELETE', path, label: `delete image ${id}`, mutates: true } as const
        await ask(call, z.unknown(), deadline).catch((error: unknown) => {
          if (!isRefused(error, 404)) throw error
        })
      },
      token: async () => (await identity.session(deadline)).token,
      endpoint: async () => endpointOf(await identity.session(deadline)),
    }),
  }

  async function create(image: NewImage, deadline: number, token?: string): Promise<Image> {
    const label = `create image ${image.id ?? image.name}`
    const headers = { 'content-type': 'application/json' }
    const call = { method: 'POST', path: '/v2/images', label, mutates: true, headers, body: image } as const
    return ask(call, Image, deadline, token).catch(async (error: unknown) => {
      if (image.id === undefined || !isRefused(error, 409)) throw error
      // Made by an earlier try whose answer was lost, or somebody else's.
      const there = await show(image.id, deadline, token)
      if (there.name === image.name && there.disk_format === image.disk_format) return there
      throw error
    })
  }

  async function update(id: string, changes: ImageChanges, deadline: number): Promise<Image> {
    const there = await show(id, deadline)
    const body = Object.entries(changes).flatMap(([name, value]) => {
      const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const known = there[name] !== undefined
      if (value !== undefined) return [{ op: known ? 'replace' : 'add', path, value }]
      return known ? [{ op: 'remove', path }] : []
    })
    if (body.length === 0) return there
    const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
    const path = `/v2/images/${encodeURIComponent(id)}`
    return ask(
      { method: 'PATCH', path, label: `change image ${id}`, mutates: true, headers, body },
      Image,
      deadline,
    )
  }
}
export type GlanceConnection = ReturnType<typeof connectGlance>
