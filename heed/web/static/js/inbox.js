// The inbox: everything that makes the three panes live and usable by keyboard.
import "heed/page";
import "heed/panes";
import "heed/log";
import "heed/composer";
import "heed/foot";
import "heed/mentions";
import "heed/later";
import "heed/many";
import "heed/keyboard";
import "heed/quicktexts";
import "heed/guidelines";
import "heed/finder";
import "heed/live";
import "heed/here";
