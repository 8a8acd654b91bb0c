// The frame around every view: where one can go, and whether the server is there.
import { announcement } from './announce';
import { app, connection, deliveries, type Connection } from './live';
import { Icon, type IconName } from './parts/icon';
import { link, route } from './router';
import { theme, type Theme } from './theme';
import { CallView } from './views/call';
import { ComposeView } from './views/compose';
import { DefinitionsView } from './views/definitions';
import { DeliveriesView } from './views/deliveries';
import { InboxView } from './views/inbox';
import { ToolsView } from './views/tools';

const VIEWS: { name: string; title: string; icon: IconName }[] = [
  { name: 'tools', title: 'Tools', icon: 'tool' },
  { name: 'call', title: 'Phone call', icon: 'phone' },
  { name: 'deliveries', title: 'Deliveries', icon: 'list' },
  { name: 'inbox', title: 'Inbox', icon: 'inbox' },
  { name: 'definitions', title: 'Definitions', icon: 'braces' },
];

export function App() {
  const view = route.value[0] ?? 'tools';
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById('main')?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <div class="brand">
          <span class="logo" aria-hidden="true" />
          <span class="app-name">{app.value?.name ?? 'hms-webhook'}</span>
          <span class="quiet wide">development console</span>
        </div>
        <Status state={connection.value} />
        <ThemeChoice />
      </header>
      <nav class="views" aria-label="Views">
        {VIEWS.map(({ name, title, icon }) => (
          <a key={name} href={link(name)} aria-current={view === name || (view === 'compose' && name === 'deliveries') ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{title}</span>
            {name === 'deliveries' && deliveries.value.length > 0 && <span class="count">{deliveries.value.length}</span>}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        {connection.value === 'gone' ? <Gone /> : app.value ? <View name={view} /> : <p class="quiet loading">Connecting…</p>}
      </main>
      <div class="sr" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

function View({ name }: { name: string }) {
  switch (name) {
    case 'call':
      return <CallView />;
    case 'compose':
      return <ComposeView />;
    case 'deliveries':
      return <DeliveriesView />;
    case 'inbox':
      return <InboxView />;
    case 'definitions':
      return <DefinitionsView />;
    default:
      return <ToolsView />;
  }
}

const STATES: { [state in Connection]: string } = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Reconnecting',
  gone: 'Moved',
};

function Status({ state }: { state: Connection }) {
  return (
    <span class={`status ${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      {STATES[state]}
    </span>
  );
}

function Gone() {
  return (
    <div class="empty">
      <h1 tabIndex={-1}>The server was started again</h1>
      <p>Each start has an address of its own for this page. The new one is in the server's log.</p>
    </div>
  );
}

const THEMES: { theme: Theme; title: string; icon: IconName }[] = [
  { theme: 'system', title: 'As the system', icon: 'screen' },
  { theme: 'light', title: 'Light', icon: 'sun' },
  { theme: 'dark', title: 'Dark', icon: 'moon' },
];

function ThemeChoice() {
  return (
    <fieldset class="themes">
      <legend class="sr">Colours</legend>
      {THEMES.map((one) => (
        <label key={one.theme} title={one.title}>
          <input type="radio" name="theme" checked={theme.value === one.theme} onChange={() => (theme.value = one.theme)} />
          <span class="sr">{one.title}</span>
          <Icon name={one.icon} />
        </label>
      ))}
    </fieldset>
  );
}
