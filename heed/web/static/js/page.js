// What every page needs: times in the reader's words, menus, refusals in words.
import "heed/request";
import "heed/times";
import "heed/menus";
import "heed/toasts";
import "heed/notices";
import "heed/shortcuts";
import "heed/palette";
