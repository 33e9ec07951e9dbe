import { sector } from './hostile/changes.ts'
import { qcow2Hostile } from './hostile/qcow2.ts'
import { vdiHostile } from './hostile/vdi.ts'
import { vhdxHostile } from './hostile/vhdx.ts'
import { vmdkHostile } from './hostile/vmdk.ts'
import { vpcHostile } from './hostile/vpc.ts'

/** Images that qemu-img made, and what was done to them. */
export const hostile = [...qcow2Hostile, ...vmdkHostile, ...vhdxHostile, ...vpcHostile, ...vdiHostile]

/** Content that is no format taken, whatever it is called. */
export const others: readonly [string, Buffer][] = [
  ['qed', sector('QED\0')],
  ['LUKS', sector('LUKS\xba\xbe\0\x02')],
  ['Parallels', sector('WithoutFreeSpace')],
  ['Parallels', sector('WithouFreSpacExt')],
  ['Bochs', sector('Bochs Virtual HD Image')],
  ['cloop', sector('#!/bin/sh\n#V2.0 Format\nmodprobe cloop')],
  ['VMDK of ESX', sector('COWD')],
  ['VMDK of ESX', sector('\xbe\xba\xfe\xca\0\0\0\0')],
  ['ISO 9660', Buffer.concat([Buffer.alloc(0x8001), Buffer.from('CD001'), Buffer.alloc(2000)])],
  ['DMG', Buffer.concat([Buffer.alloc(4096), sector('koly')])],
  ['VMDK descriptor', Buffer.from('# Disk DescriptorFile\nversion=1\nRW 1 FLAT "/etc/passwd" 0')],
  ['VMDK descriptor', Buffer.from('# anything\n\n  # more\nversion=1\ncreateType="monolithicFlat"\n')],
  ['VMDK descriptor', Buffer.from('\r\n#\r\n#disk descriptorfile\r\n')],
  ['VMDK descriptor', Buffer.from('  encoding="UTF-8"\nversion=1\n')],
  ['VMDK descriptor', Buffer.from('createType="monolithicFlat"\nRW 1 FLAT "/etc/passwd" 0\n')],
]
