import type { FaultRow } from './fault-matrix.js';

const FILE = 'test/integration/file';

/** What may go wrong with disks and directories. */
export const DISK_FAULTS: readonly FaultRow[] = [
  {
    id: 'B1',
    fault: 'the disk is full',
    proofs: [
      [
        'test/faults/full-disk.spec',
        'that has no room makes set() answer false, and keeps neither the old value nor a part of the new one: %s',
      ],
      [
        'test/faults/full-disk.spec',
        'that is full of whole values keeps all that it said it had stored, and no other: %s',
      ],
      ['test/faults/full-disk.spec', 'that is full lets every page be made and sent whole, on %s'],
      [
        `${FILE}/file-disk.spec`,
        'that has no room for a value makes set() answer false, leaves nothing, and is told once',
      ],
    ],
  },
  {
    id: 'B2',
    fault: 'a quota, or no descriptor left',
    proofs: [
      ['test/faults/hung-disk.spec', 'that fail with $error in $calls become what $strict is'],
      [
        `${FILE}/file-disk.spec`,
        'is used again when the process has descriptors again, and no operation fails',
      ],
    ],
  },
  {
    id: 'B3',
    fault: 'the directory can only be read',
    proofs: [
      [
        'test/faults/full-disk.spec',
        'that can only be read gives what is there, stores nothing, and is told of once each way: %s',
      ],
      [
        'test/faults/full-disk.spec',
        'that can only be read at the start is told of then, and read: %s',
      ],
      [
        `${FILE}/file-disk.spec`,
        'that can only be read gives what is there, and rejects what would be written',
      ],
    ],
  },
  {
    id: 'B4',
    fault: 'a file is cut, changed, empty or that of another key',
    proofs: [
      [`${FILE}/file-damaged.spec`, 'are misses, ${FILES} of them with the seed ${SEED}'],
      [`${FILE}/file-damaged.spec`, 'are misses for every method at every bit'],
      ['test/unit/file/entry-format.spec', 'gives nothing after it was cut at any byte'],
      ['test/unit/file/file-foreign.spec', "is a miss and removed if it is another key's"],
    ],
  },
  {
    id: 'B5',
    fault: 'files of others, directories and FIFOs',
    proofs: [
      [
        'test/unit/file/file-foreign.spec',
        'is left alone by clear() if it was written by others, whatever its name',
      ],
      ['test/unit/file/file-foreign.spec', 'is neither waited for nor removed if it is a FIFO'],
      [
        'test/unit/file/file-foreign.spec',
        'is left alone if it is a directory, which set() cannot replace',
      ],
    ],
  },
  {
    id: 'B6',
    fault: 'symbolic links',
    proofs: [
      [
        'test/unit/file/file-foreign.spec',
        'is neither followed nor removed if it is a symbolic link',
      ],
      [
        'test/unit/file/file-foreign.spec',
        'gives way to set() if it is a symbolic link, and the victim stays',
      ],
      [
        'test/unit/file/file-directories.spec',
        'refuses a location that is a symbolic link or a file',
      ],
      [
        'test/unit/file/file-directories.spec',
        'does not go through a leaf that is a symbolic link',
      ],
    ],
  },
  {
    id: 'B7',
    fault: 'killed while it writes',
    proofs: [
      [`${FILE}/file-killed.spec`, 'leaves no torn and no wrong value, ${KILLS} times'],
      [
        'test/unit/file/file-foreign.spec',
        'is swept when it was left over an hour ago, in the leaf that is cleared',
      ],
      [
        'test/unit/file/file-culling.spec',
        'sweeps what killed processes left in the leaves it looks at',
      ],
    ],
  },
  {
    id: 'B8',
    fault: 'two processes write one key',
    proofs: [[`${FILE}/file-atomic.spec`, 'give whole values to a reader, ${READS} times']],
  },
  {
    id: 'B9',
    fault: 'the directory is removed',
    proofs: [
      [
        `${FILE}/file-disk.spec`,
        'from which the directory is removed under load fails no operation',
      ],
      [
        'test/unit/file/file-directories.spec',
        'are made again by what stores, and missing ones are misses',
      ],
    ],
  },
  {
    id: 'B10',
    fault: 'two versions of the package share a directory',
    proofs: [
      [
        'test/unit/file/file-foreign.spec',
        'is a miss and stays if another version of the package wrote it',
      ],
    ],
  },
  {
    id: 'B11',
    fault: 'the lock of a dead process',
    proofs: [
      [`${FILE}/file-killed.spec`, 'while it holds a lock holds the key up for a moment only'],
      [
        `${FILE}/file-killed.spec`,
        'while it removes a dead lock does not hold the key up for ever either',
      ],
      [`${FILE}/file-killed.spec`, 'leaves a lock that many others replace without losing a count'],
    ],
  },
  {
    id: 'B12',
    fault: 'times in the future',
    proofs: [
      [
        'test/unit/file/entry-format.spec',
        'is true if the clock was set back by more than the lifetime',
      ],
      [
        'test/unit/file/file-backend.spec',
        'keeps nothing longer than twice its time when the clock is set back',
      ],
    ],
  },
  {
    id: 'B13',
    fault: 'as many entries as there may be',
    proofs: [
      [
        'test/unit/file/culler.spec',
        'lists a leaf only after a share of the sets into it, and no other leaf',
      ],
      ['test/unit/file/culler.spec', 'keeps each leaf within its share'],
    ],
  },
  {
    id: 'B14',
    fault: 'a file system that does not tell names apart',
    proofs: [
      ['test/unit/file/file-layout.spec', 'is another for keys that look or fold alike'],
      [
        'test/security/hostile-keys.spec',
        'are names of hex digits only, so that no file system can confuse them',
      ],
    ],
  },
];
