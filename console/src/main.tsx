import { render } from 'preact';
import { App } from './app';
import { follow } from './live';
import { applyTheme } from './theme';

applyTheme();
follow();
const root = document.getElementById('console');
if (root) render(<App />, root);
