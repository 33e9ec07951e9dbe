import { expect } from 'vitest'
import { admins, type Command, json, line, properties, table } from './command.ts'

const GiB = 1024 ** 3
const instance = '6f0e8a52-2d0b-4f25-a3d5-2a5d6c0f7b11'
/** From here on there are attachments, and calls that end making one. */
const [attachments, completion] = [27, 44]

/** Of the volume `typed` that `typeCommands` leave. `openstack volume attachment create` wants to know Nova. */
export const attachmentCommands: readonly Command[] = [
  line(
    `cinder attachment-create --connect True --host host-1 --initiator iqn.x --ip 127.0.0.1 --mode rw typed ${instance}`,
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'attaching' })
      expect(await look.attachmentsOf('typed')).toMatchObject([{ client: 1, rights: 'rw' }])
      const [made] = (await look.get('/attachments')).attachments
      look.words.attachment = made.id
    },
    { since: attachments },
  ),
  line(
    'openstack volume attachment list -f json',
    async (look) => {
      const { id } = await look.volume('typed')
      expect(json(look)).toMatchObject([
        { ID: look.words.attachment, 'Volume ID': id, 'Server ID': instance, Status: 'attaching' },
      ])
    },
    { since: attachments },
  ),
  line(
    'openstack volume attachment show {attachment} -f json',
    (look) => {
      expect(json(look)).toMatchObject({
        ID: look.words.attachment,
        'Attach Mode': 'rw',
        Properties: { driver_volume_type: 'storpool', client_id: 1, access_mode: 'rw' },
      })
    },
    { since: attachments },
  ),
  line(
    'cinder attachment-complete {attachment}',
    async (look) => {
      const volume = await look.volume('typed')
      expect(volume).toMatchObject({
        status: 'in-use',
        attachments: [{ server_id: instance, attachment_id: look.words.attachment }],
      })
    },
    { since: completion },
  ),
  line('openstack volume list --name typed -f json', (look) => {
    expect(json(look)).toMatchObject([{ Status: 'in-use', 'Attached to': [{ server_id: instance }] }])
  }),
  line('cinder attachment-list', (look) => expect(table(look)).toMatchObject([{ Status: 'attached' }]), {
    since: attachments,
  }),
  line('cinder attachment-show {attachment}', (look) => expect(table(look).length).toBeGreaterThan(4), {
    since: attachments,
  }),
  line(
    'openstack volume delete typed',
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'in-use' })
      expect(await look.attachmentsOf('typed')).toHaveLength(1)
    },
    { refused: /Failed to delete volume/ },
  ),
  line(
    'cinder extend typed 2',
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'in-use', size: 2 })
      expect(await look.onCluster('typed')).toMatchObject({ size: 2 * GiB })
    },
    { since: 42 },
  ),
  line('openstack volume snapshot create --force --volume typed held', async (look) => {
    expect(await look.snapshot('held')).toMatchObject({ status: 'available', size: 2 })
    expect(await look.onCluster('held')).toMatchObject({ size: 2 * GiB })
  }),
  line('openstack volume snapshot delete held', async (look) => {
    expect(await look.onCluster('held')).toBeUndefined()
  }),
  line(
    'openstack volume attachment delete {attachment}',
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'available', attachments: [] })
      expect(await look.attachmentsOf('typed')).toEqual([])
    },
    { since: attachments },
  ),
  line(
    `cinder attachment-create typed ${instance}`,
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'reserved' })
      expect(await look.attachmentsOf('typed')).toEqual([])
      const [made] = (await look.get('/attachments')).attachments
      look.words.attachment = made.id
    },
    { since: attachments },
  ),
  line(
    'openstack volume attachment set --host host-2 --initiator iqn.x --ip 127.0.0.1 {attachment}',
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'attaching' })
      expect(await look.attachmentsOf('typed')).toMatchObject([{ client: 2 }])
    },
    { since: attachments },
  ),
  line(
    'openstack volume attachment complete {attachment}',
    async (look) => expect(await look.volume('typed')).toMatchObject({ status: 'in-use' }),
    { since: completion },
  ),
  line(
    'cinder attachment-delete {attachment}',
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'available' })
      expect(await look.attachmentsOf('typed')).toEqual([])
    },
    { since: attachments },
  ),
  admins(
    'openstack volume migrate --host cinderless@elsewhere#default {typed}',
    async (look) => {
      expect(await look.volume('typed')).toMatchObject({ status: 'available' })
      expect(await look.onCluster('typed')).toMatchObject({ size: 2 * GiB })
    },
    { refused: /elsewhere|host/i },
  ),
  admins('openstack volume set --state error {typed}', async (look) => {
    expect(await look.volume('typed')).toMatchObject({ status: 'error' })
  }),
  admins('cinder reset-state --state available --attach-status detached {typed}', async (look) => {
    expect(await look.volume('typed')).toMatchObject({ status: 'available' })
  }),
  line('cinder delete typed', async (look) => {
    expect(await look.volume('typed')).toBeUndefined()
    expect(await look.onCluster('typed')).toBeUndefined()
  }),
  admins('openstack volume type delete gold-{way}', async (look) => {
    expect(await look.type(`gold-${look.words.way}`)).toBeUndefined()
  }),
  line('cinder list', (look) => expect(properties(look)).toEqual({})),
]
