import { expect } from 'vitest'
import { admins, type Command, json, line, properties, table } from './command.ts'

const GiB = 1024 ** 3

/** Of the volumes that `volumeCommands` leave: `one` of 2 GiB, `zwei` of 3 GiB. */
export const snapshotCommands: readonly Command[] = [
  line(
    // This client says whether to insist, and from 3.66 a server takes yes only.
    'openstack volume snapshot create --force --volume one --description d --property p=q snap',
    async (look) => {
      expect(await look.snapshot('snap')).toMatchObject({
        status: 'available',
        size: 2,
        description: 'd',
        metadata: { p: 'q' },
      })
      expect(await look.onCluster('snap')).toMatchObject({ size: 2 * GiB })
    },
  ),
  line('openstack volume snapshot list -f json', (look) => {
    expect(json(look)).toMatchObject([{ Name: 'snap', Description: 'd', Status: 'available', Size: 2 }])
  }),
  line('openstack volume snapshot show snap -f json', async (look) => {
    expect(json(look)).toMatchObject({
      volume_id: (await look.volume('one')).id,
      properties: { p: 'q' },
      'os-extended-snapshot-attributes:progress': '100%',
      'os-extended-snapshot-attributes:project_id': look.words.project,
    })
  }),
  line('openstack volume snapshot set --name snap1 --description e --property r=s snap', async (look) => {
    expect(await look.snapshot('snap1')).toMatchObject({ description: 'e', metadata: { p: 'q', r: 's' } })
    expect(await look.onCluster('snap1')).toBeDefined()
  }),
  line('openstack volume snapshot unset --property p snap1', async (look) => {
    expect((await look.snapshot('snap1')).metadata).toEqual({ r: 's' })
  }),
  line('cinder snapshot-create --name snap2 --description f zwei', async (look) => {
    expect(await look.snapshot('snap2')).toMatchObject({ status: 'available', size: 3, description: 'f' })
    expect(await look.onCluster('snap2')).toMatchObject({ size: 3 * GiB })
  }),
  line('cinder snapshot-list', (look) => {
    const names = table(look).map(({ Name }) => Name)
    expect(new Set(names)).toEqual(new Set(['snap1', 'snap2']))
  }),
  line('cinder snapshot-show snap2', async (look) => {
    expect(properties(look)).toMatchObject({ volume_id: (await look.volume('zwei')).id, size: '3' })
  }),
  line('cinder snapshot-rename snap2 snap3', async (look) => {
    expect(await look.snapshot('snap3')).toMatchObject({ status: 'available' })
    expect(await look.onCluster('snap3')).toBeDefined()
  }),
  line('cinder snapshot-metadata snap3 set a=b', async (look) => {
    expect((await look.snapshot('snap3')).metadata).toEqual({ a: 'b' })
  }),
  line('cinder snapshot-metadata-show snap3', (look) => {
    expect(properties(look)).toEqual({ a: 'b' })
  }),
  line('cinder snapshot-metadata-update-all snap3 c=d', async (look) => {
    expect((await look.snapshot('snap3')).metadata).toEqual({ c: 'd' })
  }),
  admins('cinder snapshot-reset-state --state error {snap3}', async (look) => {
    expect(await look.snapshot('snap3')).toMatchObject({ status: 'error' })
    expect(await look.onCluster('snap3')).toBeDefined()
  }),
  admins('openstack volume snapshot set --state available {snap3}', async (look) => {
    expect(await look.snapshot('snap3')).toMatchObject({ status: 'available' })
  }),
  line('openstack volume create --snapshot snap1 from-snapshot', async (look) => {
    const { id } = await look.snapshot('snap1')
    expect(await look.volume('from-snapshot')).toMatchObject({
      status: 'available',
      size: 2,
      snapshot_id: id,
    })
    const { name } = (await look.onCluster('snap1')) ?? {}
    expect(await look.onCluster('from-snapshot')).toMatchObject({ size: 2 * GiB, parent: name })
  }),
  line('openstack volume create --source one clone', async (look) => {
    const { id } = await look.volume('one')
    expect(await look.volume('clone')).toMatchObject({ status: 'available', size: 2, source_volid: id })
    expect(await look.onCluster('clone')).toMatchObject({ size: 2 * GiB })
  }),
  line('cinder create --snapshot-id {snap3} --name bigger 4', async (look) => {
    expect(await look.volume('bigger')).toMatchObject({ status: 'available', size: 4, bootable: 'true' })
    expect(await look.onCluster('bigger')).toMatchObject({ size: 4 * GiB })
  }),
  line(
    'cinder create --snapshot-id {snap3} --name smaller 1',
    async (look) => expect(await look.volume('smaller')).toBeUndefined(),
    { refused: /1.*(smaller|less|lesser)/ },
  ),
  line(
    'cinder revert-to-snapshot snap1',
    async (look) => {
      expect(await look.volume('one')).toMatchObject({ status: 'available', size: 2 })
      expect(await look.snapshot('snap1')).toMatchObject({ status: 'available' })
      expect(await look.callsFor('one')).toContain('VolumeRevert')
    },
    { since: 40 },
  ),
  line(
    'openstack volume delete one',
    async (look) => {
      expect(await look.volume('one')).toMatchObject({ status: 'available' })
      expect(await look.onCluster('one')).toBeDefined()
    },
    { refused: /Failed to delete volume/ },
  ),
  line('openstack volume snapshot delete snap1', async (look) => {
    expect(await look.snapshot('snap1')).toBeUndefined()
    expect(await look.onCluster('snap1')).toBeUndefined()
    expect(await look.onCluster('from-snapshot')).toBeDefined()
  }),
  line('cinder snapshot-delete snap3', async (look) => {
    expect(await look.snapshot('snap3')).toBeUndefined()
    expect(await look.onCluster('snap3')).toBeUndefined()
  }),
  line('cinder snapshot-create --name last zwei', async (look) => {
    expect(await look.onCluster('last')).toBeDefined()
  }),
  line('cinder delete --cascade zwei', async (look) => {
    expect([await look.volume('zwei'), await look.snapshot('last')]).toEqual([undefined, undefined])
    expect([await look.onCluster('zwei'), await look.onCluster('last')]).toEqual([undefined, undefined])
  }),
  line('openstack volume delete one clone', async (look) => {
    expect([await look.volume('one'), await look.volume('clone')]).toEqual([undefined, undefined])
    expect([await look.onCluster('one'), await look.onCluster('clone')]).toEqual([undefined, undefined])
  }),
  line('cinder delete from-snapshot', async (look) => {
    expect(await look.volume('from-snapshot')).toBeUndefined()
    expect(await look.onCluster('from-snapshot')).toBeUndefined()
  }),
  admins(
    'cinder reset-state --state nonsense {bigger}',
    async (look) => {
      expect(await look.volume('bigger')).toMatchObject({ status: 'available' })
    },
    { refused: /Unable to reset the state/ },
  ),
  admins('cinder reset-state --state error {bigger}', async (look) => {
    expect(await look.volume('bigger')).toMatchObject({ status: 'error' })
    expect(await look.onCluster('bigger')).toBeDefined()
  }),
  admins('cinder force-delete {bigger}', async (look) => {
    expect(await look.volume('bigger')).toBeUndefined()
    expect(await look.onCluster('bigger')).toBeUndefined()
  }),
]
