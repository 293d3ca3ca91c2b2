import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/forms.css';
import './styles/found.css';
import Page from './views/Page.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(Page, { target });
