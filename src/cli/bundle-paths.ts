/** A stretch of a path in a recording. */
export interface PathPart {
  readonly text: string;
  /** `layout`: of the recording's own layout. `host`: the name of a host or container. `other`: whatever else people call a file or folder. */
  readonly kind: 'layout' | 'host' | 'other';
}

const FOLDER = /^(?:logs|packets|docker)$/;
/** Files that a recorder writes under a name of its own choice (src/recording/manifest.ts, src/docker/recorder.ts). */
const OWN_FILE = /^(?:manifest|BUNDLE|network|events|marks|(?:inspect|networks)-(?:before|after|later-\d+))\.(?:json|ndjson)(?:\.gz)?$/;
/** What a file's name ends in: Docker's `-json.log`, stdout beside stderr, a rotation's number, the format, a compression. */
const ENDINGS = /(?:-json(?=\.log))?(?:\.stdout|\.stderr)?(?:\.\d+)?(?:\.(?:log|pcap|pcapng|cap|json|ndjson|txt|out|err|ya?ml))?(?:\.\d+)?(?:\.gz)?$/;
/** Two labels with a dot between them, the last one of letters at its begin: no version, no number. */
const HOST = /^(?:[\w-]+\.)+[A-Za-z][\w-]*/;

/** The stretches of `path`, a path in a recording with `/` between folders; all together they are the path. */
export function splitRecordingPath(path: string): readonly PathPart[] {
  const names = path.split('/');
  return names.flatMap((name, i): readonly PathPart[] => {
    const slash: readonly PathPart[] = i === 0 ? [] : [{ text: '/', kind: 'layout' }];
    const isFolder = i < names.length - 1;
    if ((isFolder ? FOLDER : OWN_FILE).test(name)) return [...slash, { text: name, kind: 'layout' }];
    const endingAt = isFolder ? name.length : name.length - (ENDINGS.exec(name)?.[0].length ?? 0);
    const stem = name.slice(0, endingAt);
    return [...slash, { text: stem, kind: HOST.test(stem) ? 'host' : 'other' }, { text: name.slice(endingAt), kind: 'layout' }];
  });
}
