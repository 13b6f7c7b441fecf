// The OpenCV modules this engine may see. Found before OpenCV's own file of
// this name, it keeps every other module's headers (objdetect, face, dnn, …)
// out of the build: what cannot be declared cannot be called.
#define HAVE_OPENCV_CORE
#define HAVE_OPENCV_IMGPROC
#define HAVE_OPENCV_IMGCODECS
