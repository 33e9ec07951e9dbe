import { expect } from 'vitest'
import { type Command, json, line, properties, table } from './command.ts'

const GiB = 1024 ** 3

export const volumeCommands: readonly Command[] = [
  line('openstack volume create --size 1 --description old --property a=b first', async (look) => {
    expect(await look.volume('first')).toMatchObject({
      status: 'available',
      size: 1,
      description: 'old',
      metadata: { a: 'b' },
      'os-vol-tenant-attr:tenant_id': look.words.project,
    })
    expect(await look.onCluster('first')).toMatchObject({ size: GiB })
  }),
  line('openstack volume list -f json', (look) => {
    expect(json(look)).toMatchObject([{ Name: 'first', Status: 'available', Size: 1, 'Attached to': [] }])
  }),
  line('openstack volume list --long --name first -f json', (look) => {
    expect(json(look)).toMatchObject([{ Type: '__DEFAULT__', Bootable: 'false', Properties: { a: 'b' } }])
  }),
  line('openstack volume list --status error -f json', (look) => {
    expect(json(look)).toEqual([])
  }),
  line('openstack volume show first -f json', async (look) => {
    const { id } = await look.volume('first')
    expect(json(look)).toMatchObject({
      id,
      name: 'first',
      availability_zone: 'nova',
      type: '__DEFAULT__',
      properties: { a: 'b' },
      encrypted: false,
      multiattach: false,
    })
  }),
  line('openstack volume show nothing', (look) => expect(look.said.out).toBe(''), {
    refused: /No volume with a name or ID of 'nothing' exists/,
  }),
  line('openstack volume set --name one --description new --property c=d first', async (look) => {
    expect(await look.volume('first')).toBeUndefined()
    expect(await look.volume('one')).toMatchObject({ description: 'new', metadata: { a: 'b', c: 'd' } })
    expect(await look.onCluster('one')).toMatchObject({ size: GiB })
  }),
  line('openstack volume unset --property a one', async (look) => {
    expect((await look.volume('one')).metadata).toEqual({ c: 'd' })
  }),
  line('openstack volume set --size 2 one', async (look) => {
    expect(await look.volume('one')).toMatchObject({ size: 2, status: 'available' })
    expect(await look.onCluster('one')).toMatchObject({ size: 2 * GiB })
  }),
  line(
    'openstack volume set --size 1 one',
    async (look) => {
      expect(await look.volume('one')).toMatchObject({ size: 2, status: 'available' })
      expect(await look.onCluster('one')).toMatchObject({ size: 2 * GiB })
    },
    { refused: /must be greater than/ },
  ),
  line('openstack volume set --read-only one', async (look) => {
    expect((await look.volume('one')).metadata).toEqual({ c: 'd', readonly: 'True' })
  }),
  line('openstack volume set --read-write one', async (look) => {
    expect((await look.volume('one')).metadata).toEqual({ c: 'd', readonly: 'False' })
  }),
  line('openstack volume set --bootable one', async (look) => {
    expect(await look.volume('one')).toMatchObject({ bootable: 'true' })
  }),
  line('openstack volume list --long -f json', (look) => {
    expect(json(look)).toMatchObject([{ Name: 'one', Bootable: 'true', Size: 2 }])
  }),
  line('openstack volume set --non-bootable one', async (look) => {
    expect(await look.volume('one')).toMatchObject({ bootable: 'false' })
  }),
  line('openstack volume set --image-property os_distro=debian one', async (look) => {
    expect((await look.volume('one')).volume_image_metadata).toEqual({ os_distro: 'debian' })
  }),
  line('openstack volume unset --image-property os_distro one', async (look) => {
    expect((await look.volume('one')).volume_image_metadata).toBeUndefined()
  }),
  line('cinder create --name two --description second --metadata k=v 1', async (look) => {
    expect(properties(look)).toMatchObject({ name: 'two', description: 'second', size: '1' })
    expect(await look.volume('two')).toMatchObject({ status: 'available', metadata: { k: 'v' } })
    expect(await look.onCluster('two')).toMatchObject({ size: GiB })
  }),
  line('cinder list', (look) => {
    const shown = table(look).map(({ Name, Status, Size, Bootable }) => [Name, Status, Size, Bootable])
    expect(shown).toHaveLength(2)
    expect(shown).toContainEqual(['one', 'available', '2', 'false'])
    expect(shown).toContainEqual(['two', 'available', '1', 'false'])
  }),
  line('cinder list --name two --metadata k=v', (look) => {
    expect(table(look)).toMatchObject([{ Name: 'two', 'Volume Type': '__DEFAULT__' }])
  }),
  line('cinder list --sort size:desc --limit 1', (look) => {
    expect(table(look)).toMatchObject([{ Name: 'one' }])
  }),
  line('cinder show two', async (look) => {
    const { id } = await look.volume('two')
    expect(properties(look)).toMatchObject({
      id,
      status: 'available',
      volume_type: '__DEFAULT__',
      'os-vol-tenant-attr:tenant_id': look.words.project,
    })
  }),
  line('cinder rename two zwei --description zweite', async (look) => {
    expect(await look.volume('zwei')).toMatchObject({ description: 'zweite' })
    expect(await look.onCluster('zwei')).toMatchObject({ size: GiB })
  }),
  line('cinder metadata zwei set x=y', async (look) => {
    expect((await look.volume('zwei')).metadata).toEqual({ k: 'v', x: 'y' })
  }),
  line('cinder metadata-show zwei', (look) => {
    expect(properties(look)).toEqual({ k: 'v', x: 'y' })
  }),
  line('cinder metadata zwei unset k', async (look) => {
    expect((await look.volume('zwei')).metadata).toEqual({ x: 'y' })
  }),
  line('cinder metadata-update-all zwei z=1', async (look) => {
    expect((await look.volume('zwei')).metadata).toEqual({ z: '1' })
  }),
  line('cinder extend zwei 3', async (look) => {
    expect(await look.volume('zwei')).toMatchObject({ size: 3, status: 'available' })
    expect(await look.onCluster('zwei')).toMatchObject({ size: 3 * GiB })
  }),
  line('cinder readonly-mode-update zwei True', async (look) => {
    expect((await look.volume('zwei')).metadata).toEqual({ z: '1', readonly: 'True' })
  }),
  line('cinder set-bootable zwei True', async (look) => {
    expect(await look.volume('zwei')).toMatchObject({ bootable: 'true' })
  }),
  line('cinder image-metadata zwei set os_type=linux', async (look) => {
    expect((await look.volume('zwei')).volume_image_metadata).toEqual({ os_type: 'linux' })
  }),
  line('cinder image-metadata-show zwei', (look) => {
    expect(properties(look)).toEqual({ os_type: 'linux' })
  }),
  line(
    'cinder summary',
    (look) => {
      expect(properties(look)).toMatchObject({ total_count: '2', total_size: '5' })
    },
    { since: 12 },
  ),
]
