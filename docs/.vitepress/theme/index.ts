/** VitePress' own look, with room for tables. */
import theme from 'vitepress/theme';
import './style.css';

export default theme;
