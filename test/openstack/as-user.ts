import { inject } from 'vitest'
import { connectGlance } from '../../lib/glance/client.ts'
import { type KeystoneOptions, keystone } from '../../lib/glance/keystone.ts'

export const soon = () => Date.now() + 60_000

const optionsOf = (username: string, projectName: string, password: string): KeystoneOptions => ({
  authUrl: inject('openstack').keystoneUrl,
  region: inject('openstack').region,
  interface: 'public',
  identity: async () => ({
    ...{ username, password, projectName },
    userDomain: { id: 'default' },
    projectDomain: { name: 'Default' },
  }),
})

/** Glance as one of the users that the set-up has made, and their token. */
export const asUser = (username: string, projectName = username, password = inject('openstack').password) => {
  const options = optionsOf(username, projectName, password)
  return {
    glance: connectGlance(options).within(soon()),
    token: async () => (await keystone(options).session(soon())).token,
  }
}

/** Give an image its data, as clients do. */
export const upload = async (id: string, token: string, content: Buffer) => {
  const response = await fetch(`${inject('openstack').glanceUrl}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': token, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(content),
  })
  if (response.status !== 204) throw new Error(`Glance took no data: ${response.status}`)
}

/** An image's data, as clients get it. */
export const download = async (id: string, token: string): Promise<Buffer> => {
  const response = await fetch(`${inject('openstack').glanceUrl}/v2/images/${id}/file`, {
    headers: { 'x-auth-token': token },
  })
  if (response.status !== 200) throw new Error(`Glance gave no data: ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}
