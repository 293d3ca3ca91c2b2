// Every word that the page says, in one place, so that a second language is a second object of this type.

const number = new Intl.NumberFormat();
const list = new Intl.ListFormat(undefined, { style: 'long', type: 'conjunction' });

const people = (count: number) => (count === 1 ? '1 person' : `${number.format(count)} people`);
const others = (count: number) => (count === 1 ? '1 other' : `${number.format(count)} others`);
const characters = (count: number) => (count === 1 ? '1 character' : `${number.format(count)} characters`);

export const words = {
  name: 'Loquat',

  entrance: {
    register: 'Create account',
    signIn: 'Sign in',
    choose: 'Create an account or sign in',
    registerTitle: 'Make yourself at home',
    registerLead: 'A name, a handle and a password. That is all.',
    signInTitle: 'Welcome back',
    signInLead: 'Sign in to go on where you were.',
    submitRegister: 'Create account',
    submittingRegister: 'Creating your account…',
    submitSignIn: 'Sign in',
    submittingSignIn: 'Signing in…',
    displayName: 'Display name',
    displayNameRule: 'How others will see you.',
    handle: 'Handle',
    handleRule: 'Lower-case letters, digits, dots, dashes and underscores. It does not change.',
    password: 'Password',
    passwordRule: '12 characters or more, of any kind. A few words you remember are best.',
    showPassword: 'Show password',
    hidePassword: 'Hide password',
    stillMissing: (missing: readonly string[]) => `Still missing: ${list.format(missing)}.`,
    missing: { displayName: 'a display name', handle: 'a handle', password: 'a password' },
    toMend: { displayName: 'a valid display name', handle: 'a valid handle', password: 'a longer password', passwordShorter: 'a shorter password' },
    allSet: 'Everything is set.',
    registered: 'Your account is ready. Sign in with it.',
    signedOut: 'You are signed out.',
    ended: 'Your session ended. Sign in to go on; your messages are safe.',
  },

  rules: {
    displayNameEmpty: 'Enter the name that others will see.',
    displayNameBlank: 'Spaces and invisible characters alone do not make a name. Use at least one that shows.',
    displayNameLong: (over: number) => `That is ${characters(over)} too many. At most 64.`,
    displayNameControl: 'Line breaks and control characters do not fit in a name.',
    displayNameTurns: 'Hidden marks that turn the direction of writing do not fit in a name. Type it anew.',
    handleEmpty: 'Choose a handle.',
    handleShort: 'Use at least 2 characters.',
    handleLong: (over: number) => `That is ${characters(over)} too many. At most 32.`,
    handleUpper: 'Use lower-case letters. Digits, dots, dashes and underscores fit too.',
    handleSpace: 'Spaces do not fit in a handle. A dot or a dash does.',
    handleCharacter: (character: string) => `“${character}” does not fit in a handle. Use letters a–z, digits, dots, dashes and underscores.`,
    handleEdges: 'Begin and end with a letter or a digit.',
    handleTaken: 'This handle is taken. Choose another.',
    passwordEmpty: 'Choose a password of 12 characters or more.',
    passwordShort: (left: number) => `At least 12 characters: ${number.format(left)} to go.`,
    passwordLong: (over: number) => `That is ${characters(over)} too many. At most 256.`,
    roomNameEmpty: 'Give the room a name.',
    roomNameBlank: 'Spaces and invisible characters alone do not make a name. Use at least one that shows.',
    roomNameTurns: 'Hidden marks that turn the direction of writing do not fit in a name. Type it anew.',
    roomNameLong: (over: number) => `That is ${characters(over)} too many. At most 80.`,
    topicLong: (over: number) => `That is ${characters(over)} too many. At most 250.`,
    control: 'Line breaks and control characters do not fit here.',
    unknown: 'This does not fit. Change it and try again.',
    fits: 'Looks good.',
  },

  problems: {
    unavailable: 'Loquat cannot be reached. Nothing was lost; try again in a moment.',
    deadlineExceeded: 'The server took too long to answer. Try again; nothing is done twice.',
    credentials: 'Handle and password do not belong together. Check both and try again.',
    tooManySignIns: 'Many people are signing in just now. Nothing was changed; try again in a moment.',
    resourceExhausted: 'That was a lot at once. Wait a moment, then try again.',
    permissionDenied: 'You may not do this here.',
    roomNotFound: 'There is no such room, or none that you may see.',
    notFound: 'That is not there any more.',
    requestIdReused: 'This could not be matched with the first try. Copy the text and send it anew.',
    roomIsDirect: 'A direct conversation is not left.',
    changePending: 'The change is made and on its way. It shows in a moment.',
    signOutFailed: 'Signing out did not reach the server, so you are still signed in. Try again.',
    internal: 'Something went wrong on our side. What you wrote is safe; try again.',
  },

  link: {
    reconnecting: 'Reconnecting…',
    offline: 'You are offline. Messages go on when you are back.',
    away: 'Loquat is away',
    awayText: 'The server does not answer. The page keeps trying and opens by itself once it does.',
  },

  rooms: {
    title: 'Rooms',
    heading: 'Rooms',
    directHeading: 'Direct messages',
    create: 'Create a room',
    browse: 'Browse rooms',
    direct: 'Start a direct message',
    news: 'new messages',
    none: 'Rooms that you join will be here.',
    noDirect: 'Conversations with one person will be here.',
    back: 'Back to rooms',
    backToTimeline: 'Back to messages',
    showPeople: 'Show people',
    hidePeople: 'Hide people',
    memberCount: people,
    kinds: { public: 'Public room', private: 'Private room', direct: 'Direct message', other: 'Room' },
    join: 'Join',
    joined: 'Joined',
    open: 'Open',
    leave: 'Leave room',
    unknownName: 'Direct message',
  },

  createRoom: {
    title: 'Create a room',
    name: 'Name',
    nameRule: 'Short and plain, such as “garden” or “weekend plans”.',
    topic: 'Topic',
    topicRule: 'What it is about. Optional.',
    kind: 'Who may come in',
    public: 'Everybody',
    publicRule: 'Listed; anybody may join.',
    private: 'Only its members',
    privateRule: 'Not listed; to others it does not exist.',
    submit: 'Create room',
    submitting: 'Creating…',
  },

  browse: {
    title: 'Browse rooms',
    search: 'Find a room by name',
    none: 'There are no public rooms yet. Create the first one.',
    noMatch: (query: string) => `No room begins with “${query}”.`,
    more: 'Show more',
  },

  direct: {
    title: 'Write to somebody',
    search: 'Find somebody by name or handle',
    hint: 'Type the beginning of a name or a handle.',
    noMatch: (query: string) => `Nobody’s name or handle begins with “${query}”.`,
  },

  leave: {
    title: (room: string) => `Leave ${room}?`,
    public: 'You can join again whenever you like.',
    private: 'The room is private: to come back, a member has to bring you in.',
  },

  dialog: { close: 'Close', cancel: 'Cancel' },

  timeline: {
    label: (room: string) => `Messages in ${room}`,
    today: 'Today',
    yesterday: 'Yesterday',
    emptyTitle: (room: string) => `This is ${room}`,
    emptyText: 'Nothing has been said here yet. The first message is yours.',
    emptyDirect: (name: string) => `Nothing has been said between you and ${name} yet.`,
    emptyAction: 'Write the first message',
    beginning: 'The beginning of the conversation',
    loadingOlder: 'Loading older messages…',
    olderFailed: 'Older messages could not be loaded.',
    loadFailed: 'The messages could not be loaded.',
    tryAgain: 'Try again',
    newMessages: (count: number) => (count === 1 ? '1 new message' : `${number.format(count)} new messages`),
    jumpToNewest: 'Jump to the newest message',
    sending: 'Sending',
    notSent: 'Not sent.',
    remove: 'Remove',
    announce: (name: string, text: string) => `${name}: ${text}`,
    unknownPerson: 'Somebody',
    deleted: 'This message was deleted.',
    edited: '(edited)',
    reactions: 'Reactions',
    reacted: (count: number, hasCaller: boolean) => (hasCaller ? `${people(count)}, you among them` : people(count)),
    /** Some names, of so many people. */
    reactors: (names: readonly string[], count: number) => {
      if (names.length === 0) return people(count);
      return list.format(names.length === count ? names : [...names, others(count - names.length)]);
    },
    unknownContent: 'This part needs a newer page. Reload to see it.',
    you: 'you',
  },

  composer: {
    label: (room: string) => `Message ${room}`,
    placeholder: (room: string) => `Message ${room}`,
    send: 'Send message',
    hint: 'Enter sends, Shift + Enter breaks the line',
    left: (count: number) => `${number.format(count)} left`,
    over: (count: number) => `${characters(count)} too many`,
  },

  typing: {
    one: (name: string) => `${name} is typing…`,
    two: (one: string, other: string) => `${one} and ${other} are typing…`,
    several: 'Several people are typing…',
  },

  people: {
    title: 'People',
    here: 'Here',
    notHere: 'Not here',
    you: 'you',
    owner: 'owner',
    message: (name: string) => `Message ${name}`,
    keeper: (name: string, handle: string) => `${name} (@${handle}) keeps this room.`,
    more: 'Show more people',
    failed: 'The people could not be loaded.',
    availability: { online: 'Online', away: 'Away', doNotDisturb: 'Do not disturb', offline: 'Offline', invisible: 'Invisible' },
    availabilityRule: {
      online: 'Here and reachable',
      away: 'Here, but not looking',
      doNotDisturb: 'Here, and wants quiet',
      invisible: 'Here; looks offline to others',
    },
  },

  me: {
    menu: (name: string, availability: string) => `${name}, ${availability}. Change your presence`,
    title: 'Your presence',
    status: 'Status',
    statusPlaceholder: 'What are you up to?',
    saveStatus: 'Save',
    signOut: 'Sign out',
    saveFailed: 'Your presence could not be changed. Try again.',
  },

  outside: {
    publicTitle: (room: string) => `You are not in ${room}`,
    publicText: 'It is a public room: join to read along and to speak.',
    join: 'Join room',
    hiddenTitle: 'There is nothing to see here',
    hiddenText: 'This room does not exist, or it is private and you are not in it. Ask a member to bring you in.',
    toLobby: 'Go to the lobby',
    goneTitle: (room: string) => `You are no longer in ${room}`,
    removedTitle: (room: string) => `You were removed from ${room}`,
    removed: (name: string) => `${name} ended your membership. What you wrote stays there.`,
    backPublic: 'It is a public room: you can join it again.',
    backPrivate: 'It is a private room: to come back, a member has to bring you in.',
  },

  landing: {
    noneTitle: 'Nowhere to be yet',
    noneText: 'Join a public room or create your own. It opens here.',
    loading: 'Loading',
  },

  skipToComposer: 'Skip to the message field',
} as const;
