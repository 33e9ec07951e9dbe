import { expect } from 'vitest'
import { admins, type Command, json, line, properties, table } from './command.ts'

const services = [
  ['cinder-scheduler', 'cinderless'],
  ['cinder-volume', 'cinderless@default'],
]

const quotaOf = async (look: Parameters<Command['effect']>[0]) =>
  (await look.get(`/os-quota-sets/${look.words.project}?usage=true`)).quota_set

export const serviceCommands: readonly Command[] = [
  line('cinder version-list', (look) => {
    expect(look.said.out).toMatch(/\| v3\.0 +\| CURRENT +\|.*\| 3\.0 +\| 3\.71 +\|/)
  }),
  line('cinder api-version', (look) => expect(table(look)).toMatchObject([{ ID: 'v3.0', Version: '3.71' }])),
  line('openstack availability zone list --volume -f json', (look) => {
    expect(json(look)).toEqual([{ 'Zone Name': 'nova', 'Zone Status': 'available' }])
  }),
  line('cinder availability-zone-list', (look) => {
    expect(table(look)).toEqual([{ Name: 'nova', Status: 'available' }])
  }),
  admins('openstack volume service list -f json', (look) => {
    const rows = json(look).map(({ Binary, Host, State }: any) => [Binary, Host, State])
    expect(rows).toEqual(services.map((service) => [...service, 'up']))
  }),
  admins('cinder service-list', (look) => {
    const rows = table(look).map(({ Binary, Host, State }) => [Binary, Host, State])
    expect(rows).toEqual(services.map((service) => [...service, 'up']))
  }),
  admins('cinder get-pools --detail', (look) => {
    const names = table(look)
      .map((row) => Object.values(row))
      .filter(([key]) => key === 'name')
      .map(([, value]) => value)
    expect(names).toEqual(
      expect.arrayContaining(['cinderless@default#default', 'cinderless@default#template_hdd']),
    )
  }),
  admins('cinder get-capabilities cinderless@default', (look) => {
    expect(properties(look)).toMatchObject({ storage_protocol: 'storpool', vendor_name: 'StorPool' })
  }),
  line('cinder list-extensions', (look) => {
    expect(table(look).map(({ Alias }) => Alias)).toContain('os-volume-manage')
  }),
  line(
    'openstack block storage resource filter list -f json',
    (look) => {
      const row = { Resource: 'volume', Filters: expect.arrayContaining(['name', 'status']) }
      expect(json(look)).toContainEqual(row)
    },
    { since: 33 },
  ),
  line('openstack volume qos list -f json', (look) => expect(json(look)).toEqual([]), { admin: true }),
  line('openstack volume transfer request list -f json', (look) => expect(json(look)).toEqual([])),
  line('cinder transfer-list', (look) => expect(table(look)).toEqual([])),
  admins('cinder encryption-type-list', (look) => expect(table(look)).toEqual([])),
  line('cinder rate-limits', (look) => expect(table(look)).toEqual([])),
  line('cinder absolute-limits', (look) => {
    expect(properties(look)).toMatchObject({ maxTotalVolumes: '-1', totalVolumesUsed: '0' })
  }),
  admins('cinder quota-update --volumes 1 --gigabytes 5 {project}', async (look) => {
    expect(await quotaOf(look)).toMatchObject({ volumes: { limit: 1 }, gigabytes: { limit: 5 } })
  }),
  line('cinder quota-show {project}', (look) => {
    expect(properties(look)).toMatchObject({ volumes: '1', gigabytes: '5', snapshots: '-1' })
  }),
  line(
    'cinder create --name toolarge 6',
    async (look) => {
      expect(await look.volume('toolarge')).toBeUndefined()
      expect(await quotaOf(look)).toMatchObject({ volumes: { in_use: 0, reserved: 0 } })
    },
    { refused: /VolumeSizeExceedsAvailableQuota.*413/ },
  ),
  line('openstack volume create --size 5 only', async (look) => {
    expect(await look.onCluster('only')).toMatchObject({ size: 5 * 1024 ** 3 })
    expect(await quotaOf(look)).toMatchObject({ volumes: { in_use: 1 }, gigabytes: { in_use: 5 } })
  }),
  line(
    'openstack volume create --size 1 another',
    async (look) => expect(await look.volume('another')).toBeUndefined(),
    { refused: /413/ },
  ),
  line('cinder quota-usage {project}', (look) => {
    const row = { Type: 'gigabytes', In_use: '5', Reserved: '0', Limit: '5' }
    expect(table(look)).toContainEqual(expect.objectContaining(row))
  }),
  line('openstack volume delete only', async (look) => {
    expect(await look.onCluster('only')).toBeUndefined()
    expect(await quotaOf(look)).toMatchObject({ gigabytes: { in_use: 0 } })
  }),
  line('cinder quota-defaults {project}', (look) => {
    expect(properties(look)).toMatchObject({ volumes: '-1', gigabytes: '-1' })
  }),
  admins('cinder quota-delete {project}', async (look) => {
    expect(await quotaOf(look)).toMatchObject({ volumes: { limit: -1 }, gigabytes: { limit: -1 } })
  }),
]
